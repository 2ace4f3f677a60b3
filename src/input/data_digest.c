/* Checks on a subset of a data set's samples. */
#include "input/data_digest.h"

#include <math.h>

#include "base/memory.h"
#include "base/partition.h"

/* Most samples that are visited. */
#define VISITED 32

/* Called with each visited sample. */
typedef nnt_status (*visitor)(void *context, const void *x, const void *y, nnt_error *error);

/* Finds a sample. One that is not in memory is read into `buffer`; after an earlier failure nothing
 * is read, but a collective read still needs this rank. */
static nnt_status find(const nnt_resident *data, int64_t position, nnt_status status, char *buffer,
                       const void **x, const void **y, nnt_error *error) {
  const nnt_samples *samples = &data->samples;
  int64_t x_bytes = samples->features * nnt_element_bytes(samples->element);
  if (samples->x != NULL) {
    const void *targets =
        samples->classes != NULL ? (const void *)samples->classes : samples->targets;
    *x = (const char *)samples->x + position * x_bytes;
    *y = targets != NULL ? (const char *)targets + position * data->y_row_bytes : NULL;
    return status;
  }
  *x = buffer;
  *y = buffer + x_bytes;
  if (status == NNT_OK)
    return nnt_resident_read(data, position, 1, buffer, buffer + x_bytes, error);
  nnt_error ignored;
  nnt_status taken_part = nnt_resident_read(data, 0, 0, NULL, NULL, &ignored);
  (void)taken_part;
  return status;
}

/* `before`: the status so far; after a failure no sample is visited. */
static nnt_status visit_samples(const nnt_resident *data, nnt_status before, visitor visit,
                                void *context, nnt_error *error) {
  int64_t count = data->samples.count, visited = nnt_min_i64(count, VISITED);
  void *buffer = NULL;
  nnt_status status = before;
  if (status == NNT_OK)
    status = nnt_memory_allocate((size_t)nnt_resident_row_bytes(data), "a sample", &buffer, error);
  for (int64_t i = 0; i < visited; ++i) {
    const void *x = NULL, *y = NULL;
    int64_t position = visited == count ? i : i * (count - 1) / (visited - 1);
    status = find(data, position, status, buffer, &x, &y, error);
    if (status == NNT_OK) status = visit(context, x, y, error);
  }
  nnt_memory_free(&buffer);
  return status;
}

typedef struct digest {
  nnt_sha256 *hash;
  size_t x_bytes, y_bytes;
} digest;

static nnt_status add_to_digest(void *context, const void *x, const void *y, nnt_error *error) {
  const digest *d = context;
  nnt_status status = nnt_sha256_add(d->hash, x, d->x_bytes, error);
  return status == NNT_OK && d->y_bytes > 0 ? nnt_sha256_add(d->hash, y, d->y_bytes, error)
                                            : status;
}

nnt_status nnt_data_digest(const nnt_resident *data, char text[NNT_SHA256_TEXT], nnt_error *error) {
  digest d = {.y_bytes = (size_t)data->y_row_bytes};
  d.x_bytes = (size_t)nnt_resident_row_bytes(data) - d.y_bytes;
  nnt_status status = nnt_sha256_create(&d.hash, error);
  status = visit_samples(data, status, add_to_digest, &d, error);
  if (status == NNT_OK) status = nnt_sha256_finish(d.hash, text, error);
  nnt_sha256_destroy(&d.hash);
  return status;
}

typedef struct extent {
  int64_t features;
  double largest; /* absolute value */
} extent;

static nnt_status extend(void *context, const void *x, const void *y, nnt_error *error) {
  extent *e = context;
  const float *values = x;
  (void)y, (void)error;
  for (int64_t i = 0; i < e->features; ++i) e->largest = fmax(e->largest, fabs((double)values[i]));
  return NNT_OK;
}

nnt_status nnt_data_check_scale(const nnt_resident *data, const nnt_model *model,
                                nnt_error *error) {
  extent e = {.features = data->samples.features};
  if (model->normalization != NNT_NORMALIZE_RANGE || data->samples.element != NNT_F32)
    return NNT_OK;
  nnt_status status = visit_samples(data, NNT_OK, extend, &e, error);
  if (status != NNT_OK || e.largest > 1.0 || !(e.largest > 0.0)) return status;
  return nnt_fail(
      error, NNT_BAD_INPUT,
      "the samples are not on the scale of the training set\n%s: floats up to %.3g; the network "
      "was trained on integers, such as pixels from 0 to 255, and divides them by their range "
      "itself\nstore x as integers, or multiply it by the range",
      data->name, e.largest);
}
