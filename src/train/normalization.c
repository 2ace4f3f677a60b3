/* Computing the input normalisation on the training set. */
#include "train/normalization.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "comm/node_memory.h"

static double value_at(const nnt_samples *samples, int64_t row, int64_t feature) {
  const void *x = nnt_samples_row(samples, row);
  switch (samples->element) {
    case NNT_U8:
      return ((const uint8_t *)x)[feature];
    case NNT_I8:
      return ((const int8_t *)x)[feature];
    case NNT_U16:
      return ((const uint16_t *)x)[feature];
    case NNT_I16:
      return ((const int16_t *)x)[feature];
    case NNT_F32:
    case NNT_ELEMENT_COUNT:
    default:
      return (double)((const float *)x)[feature];
  }
}

/* Whether all values are 0 or 1: flags, which the type's range would squeeze together. Pictures end
 * the search at once. */
static bool holds_flags(const nnt_samples *samples) {
  for (int64_t r = 0; r < samples->count && samples->x != NULL; ++r) {
    for (int64_t f = 0; f < samples->features; ++f) {
      double value = value_at(samples, r, f);
      if (value < 0.0 || value > 1.0) return false;
    }
  }
  return samples->x != NULL;
}

nnt_status nnt_normalization_settle(nnt_normalization wanted, const nnt_resident *data,
                                    nnt_normalization *out, nnt_error *error) {
  bool ranged = data->shape.ranged;
  *out = wanted;
  if (wanted == NNT_NORMALIZE_AUTO)
    *out = ranged && !holds_flags(&data->samples) ? NNT_NORMALIZE_RANGE : NNT_NORMALIZE_NONE;
  if (wanted == NNT_NORMALIZE_RANGE && !ranged)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "range needs x as 8- or 16-bit integers\n--normalize range with %s\n"
                    "use --normalize standardize, or store x as uint8",
                    data->name);
  return NNT_OK;
}

/* Least value and width of the element type. */
static void type_range(nnt_element element, float *least, float *width) {
  *least = element == NNT_I8 ? -128.0F : element == NNT_I16 ? -32768.0F : 0.0F;
  *width = element == NNT_U8 || element == NNT_I8 ? 255.0F : 65535.0F;
}

/* Mean and standard deviation (of the population) of features [begin, end), two passes in the
 * order of the samples; the inner loop runs along memory. `sums` has end - begin entries. */
static void standardize(const nnt_samples *samples, int64_t begin, int64_t end, double *sums,
                        float *shift, float *scale) {
  double count = (double)samples->count;
  memset(sums, 0, (size_t)(end - begin) * sizeof *sums);
  for (int64_t r = 0; r < samples->count; ++r) {
    for (int64_t f = begin; f < end; ++f) sums[f - begin] += value_at(samples, r, f);
  }
  for (int64_t f = begin; f < end; ++f) {
    shift[f] = (float)(sums[f - begin] / count);
    sums[f - begin] = 0.0;
  }
  for (int64_t r = 0; r < samples->count; ++r) {
    for (int64_t f = begin; f < end; ++f) {
      double d = value_at(samples, r, f) - (double)shift[f];
      sums[f - begin] += d * d;
    }
  }
  for (int64_t f = begin; f < end; ++f) {
    double deviation = sqrt(sums[f - begin] / count);
    /* A constant feature's deviation is no more than the rounding of its mean. */
    bool varies = deviation > 1e-6 * fabs((double)shift[f]) && deviation > 1e-30;
    scale[f] = varies ? (float)(1.0 / deviation) : 1.0F;
  }
}

/* Each rank of the node computes a range of features into memory that the node shares. */
static nnt_status standardize_together(nnt_comm *comm, const nnt_samples *samples, nnt_model *model,
                                       nnt_error *error) {
  int64_t features = samples->features;
  int64_t rank = nnt_comm_node_rank(comm), size = nnt_comm_node_size(comm);
  int64_t begin = nnt_partition_begin(features, size, rank);
  int64_t end = nnt_partition_begin(features, size, rank + 1);
  size_t bytes = (size_t)features * sizeof(float);
  nnt_node_memory *shared = NULL;
  void *sums = NULL;
  nnt_status status =
      nnt_memory_allocate((size_t)(end - begin) * sizeof(double), "input statistics", &sums, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_node_memory_create(comm, 2 * bytes, NNT_MEMORY_OF_NODE, &shared, error);
  if (status == NNT_OK) {
    float *shift = nnt_node_memory_data(shared);
    standardize(samples, begin, end, sums, shift, shift + features);
    status = nnt_node_memory_sync(shared, error);
    memcpy(model->shift, shift, bytes);
    memcpy(model->scale, shift + features, bytes);
  }
  nnt_node_memory_destroy(&shared);
  nnt_memory_free(&sums);
  return status;
}

nnt_status nnt_normalization_compute(nnt_comm *comm, nnt_normalization wanted,
                                     const nnt_resident *data, nnt_model *model, nnt_error *error) {
  nnt_status status = nnt_normalization_settle(wanted, data, &model->normalization, error);
  if (status != NNT_OK) return status;
  if (model->normalization == NNT_NORMALIZE_STANDARDIZE)
    return standardize_together(comm, &data->samples, model, error);
  if (model->normalization == NNT_NORMALIZE_RANGE) {
    float least = 0.0F, width = 1.0F;
    type_range(data->samples.element, &least, &width);
    for (int64_t f = 0; f < data->samples.features; ++f) {
      model->shift[f] = least;
      model->scale[f] = 1.0F / width;
    }
  }
  return NNT_OK;
}
