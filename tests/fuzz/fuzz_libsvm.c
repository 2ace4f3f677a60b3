/* convert/libsvm.c and convert/libsvm_reader.c. An input is: a byte of settings, one with the
 * number of features (0: the largest index), the text. */
#include <nntrain/convert.h>

#include "fuzz.h"

/* Whether five digits come before a colon: samples of so many features take long, and are for
 * inputs that give the number of features. */
static bool has_large_index(const uint8_t *text, size_t size) {
  size_t digits = 0;
  for (size_t i = 0; i < size; ++i) {
    if (text[i] == ':' && digits >= 5) return true;
    digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
  }
  return false;
}

int fuzz_one(const uint8_t *data, size_t size) {
  static char yes[] = "1", no[] = "-1";
  char *names[] = {no, yes};
  if (size < 2) return 0;
  if (data[1] == 0 && has_large_index(data + 2, size - 2)) return 0;
  bool named = (data[0] & 1) != 0;
  fuzz_file file = fuzz_file_create(data + 2, size - 2);
  bool regression = (data[0] & 4) != 0;
  nnt_convert_options options = {.input = file.path,
                                 .format = "libsvm",
                                 .output = {.path = "fake.h5"},
                                 .class_names = named ? names : NULL,
                                 .class_name_count = named ? 2 : 0,
                                 .target = regression ? "label" : NULL,
                                 .features = data[1],
                                 .zero_based = (data[0] & 2) != 0};
  (void)fuzz_writer_samples(1 + (data[0] >> 6));
  nnt_convert_result result;
  nnt_error error;
  const nnt_convert_format *format = NULL;
  nnt_status status = nnt_convert_recognise(file.path, &format, &error);
  if (status != NNT_OK) require_error(status, &error);
  status = nnt_convert(&options, &result, &error);
  int64_t samples = fuzz_writer_samples(1);
  if (status == NNT_OK) {
    REQUIRE(samples == result.samples && samples > 0 && result.features > 0);
    REQUIRE((result.classes > 0) != regression && (result.targets == 1) == regression);
  } else {
    require_error(status, &error);
    REQUIRE(samples < 0);
  }
  fuzz_file_close(&file);
  return 0;
}
