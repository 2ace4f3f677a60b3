/* Computing the input normalisation from the training set. */
#include "input/input_statistics.h"

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

/* Samples [first, first + count), which are in memory. */
typedef void (*visitor)(void *context, const nnt_samples *samples, int64_t first, int64_t count);

/* Visits all samples in order, as many at a time as fit in memory, until *stop. Collective. */
static nnt_status visit_all(const nnt_data_source *data, visitor visit, void *context,
                            const bool *stop, nnt_error *error) {
  const nnt_samples *samples = nnt_data_source_samples(data);
  int64_t most = nnt_data_source_most(data);
  nnt_data_source_start_in_order(data);
  for (int64_t first = 0; first < samples->count && !*stop; first += most) {
    int64_t count = nnt_min_i64(most, samples->count - first);
    nnt_status status = nnt_data_source_need(data, first, count, error);
    if (status != NNT_OK) return status;
    visit(context, samples, first, count);
  }
  return NNT_OK;
}

static void find_other(void *context, const nnt_samples *samples, int64_t first, int64_t count) {
  bool *found = context;
  for (int64_t r = first; r < first + count && !*found; ++r) {
    for (int64_t f = 0; f < samples->features && !*found; ++f) {
      double value = value_at(samples, r, f);
      *found = value < 0.0 || value > 1.0;
    }
  }
}

/* Whether all values are 0 or 1: flags, which must not be divided by the type's range. The search
 * ends at the first other value, for images at once. The same on all ranks. */
static nnt_status find_flags(const nnt_data_source *data, bool *flags, nnt_error *error) {
  bool other = false;
  nnt_status status = visit_all(data, find_other, &other, &other, error);
  *flags = !other;
  return status;
}

nnt_status nnt_input_statistics_settle(nnt_normalization wanted, const nnt_resident *data,
                                       bool flags, nnt_normalization *out, nnt_error *error) {
  bool ranged = data->shape.ranged;
  *out = wanted;
  if (wanted == NNT_NORMALIZE_AUTO)
    *out = ranged && !flags ? NNT_NORMALIZE_RANGE : NNT_NORMALIZE_NONE;
  if (wanted == NNT_NORMALIZE_RANGE && !ranged)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "range needs x as 8- or 16-bit integers\n--normalize range with %s\n"
                    "use --normalize standardize, or store x as uint8",
                    data->name);
  return NNT_OK;
}

/* Smallest value and width of the element type's range. */
static void type_range(nnt_element element, float *least, float *width) {
  *least = element == NNT_I8 ? -128.0F : element == NNT_I16 ? -32768.0F : 0.0F;
  *width = element == NNT_U8 || element == NNT_I8 ? 255.0F : 65535.0F;
}

/* Features [begin, end) and their sums: of the values, then of the squared deviations from the
 * mean. Two passes in sample order; the inner loop runs over contiguous memory. */
typedef struct statistics {
  int64_t begin, end;
  const float *mean;
  double *sums; /* [end - begin] */
} statistics;

static void add_values(void *context, const nnt_samples *samples, int64_t first, int64_t count) {
  const statistics *s = context;
  for (int64_t r = first; r < first + count; ++r) {
    for (int64_t f = s->begin; f < s->end; ++f) s->sums[f - s->begin] += value_at(samples, r, f);
  }
}

static void add_squares(void *context, const nnt_samples *samples, int64_t first, int64_t count) {
  const statistics *s = context;
  for (int64_t r = first; r < first + count; ++r) {
    for (int64_t f = s->begin; f < s->end; ++f) {
      double d = value_at(samples, r, f) - (double)s->mean[f];
      s->sums[f - s->begin] += d * d;
    }
  }
}

/* Mean and standard deviation (of the population) of features [begin, end). */
static nnt_status standardize(const nnt_data_source *data, statistics *s, float *shift,
                              float *scale, nnt_error *error) {
  static const bool never = false;
  double count = (double)nnt_data_source_samples(data)->count;
  size_t bytes = (size_t)(s->end - s->begin) * sizeof *s->sums;
  s->mean = shift;
  memset(s->sums, 0, bytes);
  nnt_status status = visit_all(data, add_values, s, &never, error);
  if (status != NNT_OK) return status;
  for (int64_t f = s->begin; f < s->end; ++f) shift[f] = (float)(s->sums[f - s->begin] / count);
  memset(s->sums, 0, bytes);
  status = visit_all(data, add_squares, s, &never, error);
  if (status != NNT_OK) return status;
  for (int64_t f = s->begin; f < s->end; ++f) {
    double deviation = sqrt(s->sums[f - s->begin] / count);
    /* A constant feature's deviation is at most the rounding error of its mean. */
    bool varies = deviation > 1e-6 * fabs((double)shift[f]) && deviation > 1e-30;
    scale[f] = varies ? (float)(1.0 / deviation) : 1.0F;
  }
  return NNT_OK;
}

/* Each rank of the node computes a range of features, into memory shared by the node. */
static nnt_status standardize_together(nnt_comm *comm, const nnt_data_source *data,
                                       nnt_model *model, nnt_error *error) {
  int64_t features = nnt_data_source_samples(data)->features;
  int64_t rank = nnt_comm_node_rank(comm), size = nnt_comm_node_size(comm);
  statistics part = {.begin = nnt_partition_begin(features, size, rank),
                     .end = nnt_partition_begin(features, size, rank + 1)};
  size_t bytes = (size_t)features * sizeof(float);
  nnt_node_memory *shared = NULL;
  void *sums = NULL;
  nnt_status status = nnt_memory_allocate((size_t)(part.end - part.begin) * sizeof(double),
                                          "input statistics", &sums, error);
  part.sums = sums;
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_node_memory_create(comm, 2 * bytes, NNT_MEMORY_OF_NODE, &shared, error);
  if (status == NNT_OK) {
    float *shift = nnt_node_memory_data(shared);
    status = standardize(data, &part, shift, shift + features, error);
    if (status == NNT_OK) status = nnt_node_memory_sync(shared, error);
    memcpy(model->shift, shift, bytes);
    memcpy(model->scale, shift + features, bytes);
  }
  nnt_node_memory_destroy(&shared);
  nnt_memory_free(&sums);
  return status;
}

nnt_status nnt_input_statistics_compute(nnt_comm *comm, nnt_normalization wanted,
                                        const nnt_data_source *data, nnt_model *model,
                                        nnt_error *error) {
  const nnt_samples *samples = nnt_data_source_samples(data);
  bool flags = false;
  nnt_status status = NNT_OK;
  if (wanted == NNT_NORMALIZE_AUTO && data->data->shape.ranged)
    status = find_flags(data, &flags, error);
  if (status == NNT_OK)
    status = nnt_input_statistics_settle(wanted, data->data, flags, &model->normalization, error);
  if (status != NNT_OK) return status;
  if (model->normalization == NNT_NORMALIZE_STANDARDIZE)
    return standardize_together(comm, data, model, error);
  if (model->normalization == NNT_NORMALIZE_RANGE) {
    float least = 0.0F, width = 1.0F;
    type_range(samples->element, &least, &width);
    for (int64_t f = 0; f < samples->features; ++f) {
      model->shift[f] = least;
      model->scale[f] = 1.0F / width;
    }
  }
  return NNT_OK;
}
