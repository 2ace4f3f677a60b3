/* Converting arrays of features and labels, block by block. */
#include "convert/array_pair.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "convert/class_table.h"
#include "io/dataset_writer.h"

typedef struct conversion {
  const nnt_array_pair *pair;
  bool targets; /* y holds targets, not classes */
  nnt_dataset_writer *writer;
  void *x, *y; /* one block */
  int64_t largest_label;
} conversion;

/* --- the pair --- */

static bool are_targets(const nnt_array *labels) {
  return labels->type.is_float || labels->sample_elements > 1;
}

static nnt_status check_classes(const nnt_array *labels, nnt_error *error) {
  if (labels->rank != 1)
    return nnt_fail(
        error, NNT_BAD_INPUT,
        "labels of more than one dimension\n%s has %d\ngive the file of features first, "
        "then that of labels",
        labels->source.name, labels->rank);
  if (labels->type.is_float)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the labels are not integers\n%s is of type %s\nfor regression targets, "
                    "convert from CSV with --target",
                    labels->source.name, labels->type.name);
  return NNT_OK;
}

static nnt_status check_pair(const nnt_array_pair *pair, nnt_error *error) {
  const nnt_array *features = &pair->features, *labels = &pair->labels;
  nnt_status status =
      nnt_class_names_check(pair->options->class_names, pair->options->class_name_count, error);
  if (status == NNT_OK && !pair->targets_allowed) status = check_classes(labels, error);
  if (status != NNT_OK) return status;
  if (labels->rank > 2)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "labels of more than two dimensions\n%s has %d\ngive the features first, then "
                    "the labels: [samples] or [samples, targets]",
                    labels->source.name, labels->rank);
  if (labels->dims[0] != features->dims[0])
    return nnt_fail(error, NNT_BAD_INPUT,
                    "features and labels of different length\n%.280s has %" PRId64
                    " samples, %.280s has %" PRId64 " labels\ngive two arrays that belong together",
                    features->source.name, features->dims[0], labels->source.name, labels->dims[0]);
  if (are_targets(labels) && pair->options->class_names != NULL)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "class names for regression targets\n--class-names; %s is of type %s with "
                    "%" PRId64
                    " columns\nomit --class-names, or store classes as a vector "
                    "of integers",
                    labels->source.name, labels->type.name, labels->sample_elements);
  return NNT_OK;
}

/* --- the elements --- */

/* The index of the first element that is not finite, -1 when all are. */
static int64_t find_non_finite(const void *elements, int64_t count, const nnt_element_type *type) {
  const float *single = elements;
  const double *wide = elements;
  for (int64_t i = 0; type->is_float && i < count; ++i) {
    if (type->bytes == 4 ? !isfinite(single[i]) : !isfinite(wide[i])) return i;
  }
  return -1;
}

static nnt_status check_finite(const nnt_array *array, const void *elements, const char *what,
                               int64_t first, int64_t count, nnt_error *error) {
  int64_t wrong = find_non_finite(elements, count * array->sample_elements, &array->type);
  if (wrong < 0) return NNT_OK;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "the %s is not a finite number\n%s, sample %" PRId64
                  " (from 1)\nremove or replace such values",
                  what, array->source.name, first + wrong / array->sample_elements + 1);
}

static int64_t label_at(const void *labels, int64_t i, nnt_h5_type type) {
  switch (type) {
    case NNT_H5_U8:
      return ((const uint8_t *)labels)[i];
    case NNT_H5_I8:
      return ((const int8_t *)labels)[i];
    case NNT_H5_U16:
      return ((const uint16_t *)labels)[i];
    case NNT_H5_I16:
      return ((const int16_t *)labels)[i];
    case NNT_H5_U32:
      return ((const uint32_t *)labels)[i];
    case NNT_H5_I32:
      return ((const int32_t *)labels)[i];
    case NNT_H5_I64:
      return ((const int64_t *)labels)[i];
    case NNT_H5_U64: {
      uint64_t label = ((const uint64_t *)labels)[i];
      return label > INT64_MAX ? INT64_MAX : (int64_t)label;
    }
    case NNT_H5_F32:
    case NNT_H5_F64:
    default:
      return -1;
  }
}

static nnt_status fail_label(const nnt_array_pair *pair, int64_t label, int64_t limit,
                             int64_t sample, nnt_error *error) {
  bool named = pair->options->class_names != NULL;
  const char *what = label < 0 ? "negative class label"
                     : named   ? "class label beyond the class names"
                               : "the class label is too large";
  const char *remedy = label < 0 ? "labels count from 0; download or create the file again"
                       : named   ? "give a name for every class with --class-names"
                                 : "number the classes from 0";
  if (pair->targets_allowed && !named)
    remedy = "number the classes from 0; regression targets are floats";
  return nnt_fail(error, NNT_BAD_INPUT,
                  "%s\n%s, sample %" PRId64 " (from 1): %" PRId64 " of %" PRId64 " classes\n%s",
                  what, pair->labels.source.name, sample, label, limit, remedy);
}

static nnt_status check_labels(conversion *work, int64_t first, int64_t count, nnt_error *error) {
  const nnt_array_pair *pair = work->pair;
  int64_t limit =
      pair->options->class_names != NULL ? pair->options->class_name_count : NNT_MAX_CLASSES;
  for (int64_t i = 0; i < count; ++i) {
    int64_t label = label_at(work->y, i, pair->labels.type.type);
    if (label < 0 || label >= limit) return fail_label(pair, label, limit, first + i + 1, error);
    work->largest_label = nnt_max_i64(work->largest_label, label);
  }
  return NNT_OK;
}

static nnt_status convert_block(conversion *work, int64_t first, int64_t count, nnt_error *error) {
  const nnt_array_pair *pair = work->pair;
  nnt_status status = nnt_array_read(&pair->features, count, work->x, error);
  if (status == NNT_OK) status = nnt_array_read(&pair->labels, count, work->y, error);
  if (status == NNT_OK)
    status = check_finite(&pair->features, work->x, "feature", first, count, error);
  if (status == NNT_OK)
    status = work->targets ? check_finite(&pair->labels, work->y, "target", first, count, error)
                           : check_labels(work, first, count, error);
  if (status != NNT_OK) return status;
  return nnt_dataset_writer_add(work->writer, count, work->x, work->y, error);
}

/* --- the whole --- */

static nnt_status begin(conversion *work, nnt_error *error) {
  const nnt_array *features = &work->pair->features, *labels = &work->pair->labels;
  nnt_dataset_layout layout = {.x_type = features->type.type,
                               .x_rank = features->rank,
                               .y_type = labels->type.type,
                               .y_rank = labels->sample_elements > 1 ? 2 : 1,
                               .y_dims = {0, labels->sample_elements}};
  memcpy(layout.x_dims, features->dims, sizeof layout.x_dims);
  if (layout.x_rank == 1) {
    layout.x_dims[1] = 1;
    layout.x_rank = 2;
  }
  nnt_status status =
      nnt_dataset_writer_begin(&work->pair->options->output, &layout, &work->writer, error);
  if (status != NNT_OK) return status;
  size_t block = (size_t)nnt_dataset_writer_block(work->writer);
  status = nnt_memory_allocate(block * (size_t)features->sample_elements * features->type.bytes,
                               "a block of samples", &work->x, error);
  if (status != NNT_OK) return status;
  return nnt_memory_allocate(block * (size_t)labels->sample_elements * labels->type.bytes,
                             "a block of labels", &work->y, error);
}

static nnt_status convert(conversion *work, nnt_error *error) {
  const nnt_array_pair *pair = work->pair;
  nnt_status status = check_pair(pair, error);
  if (status == NNT_OK) status = begin(work, error);
  if (status != NNT_OK) return status;
  int64_t samples = pair->features.dims[0];
  int64_t block = nnt_dataset_writer_block(work->writer);
  for (int64_t first = 0; first < samples && status == NNT_OK; first += block)
    status = convert_block(work, first, nnt_min_i64(block, samples - first), error);
  if (status == NNT_OK) status = nnt_array_check_end(&pair->features, error);
  if (status == NNT_OK) status = nnt_array_check_end(&pair->labels, error);
  if (status != NNT_OK) return status;
  return nnt_dataset_writer_commit(&work->writer, pair->options->class_names,
                                   pair->options->class_name_count, error);
}

nnt_status nnt_array_pair_convert(const nnt_array_pair *pair, nnt_convert_result *result,
                                  nnt_error *error) {
  conversion work = {.pair = pair, .targets = are_targets(&pair->labels), .largest_label = -1};
  nnt_status status = convert(&work, error);
  if (status == NNT_OK) {
    *result = (nnt_convert_result){.samples = pair->features.dims[0],
                                   .features = pair->features.sample_elements,
                                   .type = pair->features.type.name};
    if (work.targets)
      result->targets = pair->labels.sample_elements;
    else
      result->classes = pair->options->class_names != NULL ? pair->options->class_name_count
                                                           : work.largest_label + 1;
  }
  nnt_dataset_writer_abandon(&work.writer);
  nnt_memory_free(&work.x);
  nnt_memory_free(&work.y);
  return status;
}
