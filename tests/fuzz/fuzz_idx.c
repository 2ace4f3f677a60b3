/* convert/idx.c. An input is: a byte of settings, two with the length of the labels' file
 * (big-endian), the labels' file, the features' file. */
#include <nntrain/convert.h>

#include "fuzz.h"

int fuzz_one(const uint8_t *data, size_t size) {
  static char three[] = "three", four[] = "four";
  char *names[] = {three, four};
  if (size < 3) return 0;
  bool named = (data[0] & 1) != 0;
  size_t length = (size_t)data[1] << 8 | data[2];
  size_t rest = size - 3;
  if (length > rest) length = rest;
  fuzz_file labels = fuzz_file_create(data + 3, length);
  fuzz_file features = fuzz_file_create(data + 3 + length, rest - length);
  nnt_convert_options options = {.input = features.path,
                                 .labels = labels.path,
                                 .format = "idx",
                                 .output = {.path = "fake.h5"},
                                 .class_names = named ? names : NULL,
                                 .class_name_count = named ? 2 : 0};
  (void)fuzz_writer_samples(1 + (data[0] >> 4));
  nnt_convert_result result;
  nnt_error error;
  const nnt_convert_format *format = NULL;
  nnt_status status = nnt_convert_recognise(features.path, &format, &error);
  if (status != NNT_OK) require_error(status, &error);
  status = nnt_convert(&options, &result, &error);
  int64_t samples = fuzz_writer_samples(1);
  if (status == NNT_OK) {
    REQUIRE(strcmp(format->name, "idx") == 0 && samples == result.samples && samples > 0);
    REQUIRE(result.features > 0 && result.classes > 0 && result.targets == 0);
  } else {
    require_error(status, &error);
    REQUIRE(samples < 0);
  }
  fuzz_file_close(&labels);
  fuzz_file_close(&features);
  return 0;
}
