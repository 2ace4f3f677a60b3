#include "train/data_digest.h"

#include "base/memory.h"
#include "base/partition.h"

/* Samples that are looked at, at most. */
#define LOOKS 32

/* Where a sample lies. What is not in memory is read into `buffer`, which failed before when
 * `status` says so: a collective read needs this rank all the same. */
static nnt_status find(const nnt_resident *data, int64_t position, nnt_status status, char *buffer,
                       const char **x, const char **y, nnt_error *error) {
  const nnt_samples *samples = &data->samples;
  int64_t x_bytes = samples->features * nnt_element_bytes(samples->element);
  const void *targets =
      samples->classes != NULL ? (const void *)samples->classes : samples->targets;
  if (samples->x != NULL) {
    *x = (const char *)samples->x + position * x_bytes;
    *y = (const char *)targets + position * data->y_row_bytes;
    return NNT_OK;
  }
  *x = buffer;
  *y = buffer + x_bytes;
  nnt_error ignored;
  if (status == NNT_OK)
    return nnt_resident_read(data, position, 1, buffer, buffer + x_bytes, error);
  nnt_status taken_part = nnt_resident_read(data, 0, 0, NULL, NULL, &ignored);
  (void)taken_part;
  return status;
}

nnt_status nnt_data_digest(const nnt_resident *data, char text[NNT_SHA256_TEXT], nnt_error *error) {
  const nnt_samples *samples = &data->samples;
  int64_t looks = nnt_min_i64(samples->count, LOOKS);
  size_t y_bytes = (size_t)data->y_row_bytes;
  size_t x_bytes = (size_t)nnt_resident_row_bytes(data) - y_bytes;
  void *buffer = NULL;
  nnt_sha256 *hash = NULL;
  nnt_status status = nnt_memory_allocate(x_bytes + y_bytes, "a sample", &buffer, error);
  if (status == NNT_OK) status = nnt_sha256_create(&hash, error);
  for (int64_t i = 0; i < looks; ++i) {
    const char *x = NULL, *y = NULL;
    int64_t position = looks == samples->count ? i : i * (samples->count - 1) / (looks - 1);
    status = find(data, position, status, buffer, &x, &y, error);
    if (status == NNT_OK) status = nnt_sha256_add(hash, x, x_bytes, error);
    if (status == NNT_OK) status = nnt_sha256_add(hash, y, y_bytes, error);
  }
  if (status == NNT_OK) status = nnt_sha256_finish(hash, text, error);
  nnt_sha256_destroy(&hash);
  nnt_memory_free(&buffer);
  return status;
}
