/* convert/csv.c, with libcsv. An input is: two bytes of settings, the text. */
#include <nntrain/convert.h>

#include "fuzz.h"

/* Columns by number, by name, several, and such as are not there. */
static const char *const columns[] = {NULL, "1", "2", "a", "class", "1,b", "9", "2,,3", "3,4"};
static const nnt_csv_header headers[] = {NNT_CSV_HEADER_DEFAULT, NNT_CSV_HEADER_YES,
                                         NNT_CSV_HEADER_NO};
static const char delimiters[] = {0, ',', ';', '\t', ' ', '"', 'a', 0};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

int fuzz_one(const uint8_t *data, size_t size) {
  static char yes[] = "yes", no[] = "no";
  char *names[] = {yes, no};
  if (size < 2) return 0;
  bool named = (data[0] & 1) != 0;
  fuzz_file file = fuzz_file_create(data + 2, size - 2);
  nnt_convert_options options = {.input = file.path,
                                 .format = "csv",
                                 .output = {.path = "fake.h5"},
                                 .class_names = named ? names : NULL,
                                 .class_name_count = named ? 2 : 0,
                                 .delimiter = delimiters[(data[0] >> 1) % 8],
                                 .header = headers[(data[0] >> 4) % 3]};
  const char *chosen = columns[(data[1] & 15) % COUNT(columns)];
  switch ((data[1] >> 4) & 3) {
    case 1:
      options.label = chosen;
      break;
    case 2:
      options.target = chosen;
      break;
    case 3:
      options.drop = chosen;
      break;
    default:
      break;
  }
  (void)fuzz_writer_samples(1 + (data[1] >> 6));
  nnt_convert_result result;
  nnt_error error;
  nnt_status status = nnt_convert(&options, &result, &error);
  int64_t samples = fuzz_writer_samples(1);
  if (status == NNT_OK) {
    REQUIRE(samples == result.samples && samples > 0 && result.features > 0);
    REQUIRE((result.classes > 0) != (result.targets > 0));
  } else {
    require_error(status, &error);
    REQUIRE(samples < 0);
  }
  fuzz_file_close(&file);
  return 0;
}
