/* IDX files, the format of MNIST, as data sets: http://yann.lecun.com/exdb/mnist/
 *
 * A magic number (0, 0, type, dimensions), the sizes as big-endian 32-bit integers, then the
 * elements, big-endian, the last dimension fastest. */
#include <inttypes.h>
#include <math.h>
#include <nntrain/convert.h>
#include <nntrain/model.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/partition.h"
#include "io/class_table.h"
#include "io/dataset_writer.h"
#include "io/gz_stream.h"

typedef struct idx_type {
  unsigned char code;
  nnt_h5_type type;
  size_t bytes;
  bool is_float;
  const char *name;
} idx_type;

static const idx_type idx_types[] = {
    {0x08, NNT_H5_U8, 1, false, "uint8"},   {0x09, NNT_H5_I8, 1, false, "int8"},
    {0x0B, NNT_H5_I16, 2, false, "int16"},  {0x0C, NNT_H5_I32, 4, false, "int32"},
    {0x0D, NNT_H5_F32, 4, true, "float32"}, {0x0E, NNT_H5_F64, 8, true, "float64"},
};

/* One open file, behind its header. */
typedef struct idx_file {
  nnt_gz_stream *stream;
  const idx_type *type;
  int rank;
  int64_t dims[NNT_H5_MAX_RANK];
  int64_t sample_elements;
} idx_file;

/* --- the header --- */

static const idx_type *find_type(const unsigned char *magic) {
  if (magic[0] != 0 || magic[1] != 0 || magic[3] < 1 || magic[3] > NNT_H5_MAX_RANK) return NULL;
  for (size_t i = 0; i < sizeof idx_types / sizeof idx_types[0]; ++i) {
    if (idx_types[i].code == magic[2]) return &idx_types[i];
  }
  return NULL;
}

static uint32_t big_endian(const unsigned char *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

nnt_status nnt_convert_is_idx(const char *path, bool *out, nnt_error *error) {
  struct stat info;
  unsigned char magic[4] = {0};
  size_t got = 0;
  nnt_gz_stream *stream = NULL;
  *out = false;
  /* A pipe can be read only once. */
  if (stat(path, &info) == 0 && S_ISFIFO(info.st_mode)) return NNT_OK;
  nnt_status status = nnt_gz_open(path, &stream, error);
  if (status == NNT_OK) status = nnt_gz_read(stream, magic, sizeof magic, &got, error);
  nnt_gz_close(&stream);
  *out = status == NNT_OK && got == sizeof magic && find_type(magic) != NULL;
  return status;
}

static nnt_status fail_short(const idx_file *file, const char *what, nnt_error *error) {
  return nnt_fail(error, NNT_BAD_INPUT,
                  "a truncated IDX file\n%s ends within %s\n"
                  "get the file again",
                  nnt_gz_path(file->stream), what);
}

static nnt_status read_exactly(const idx_file *file, void *out, size_t size, const char *what,
                               nnt_error *error) {
  size_t got = 0;
  nnt_status status = nnt_gz_read(file->stream, out, size, &got, error);
  return status == NNT_OK && got < size ? fail_short(file, what, error) : status;
}

static nnt_status read_dims(idx_file *file, nnt_error *error) {
  unsigned char bytes[4 * NNT_H5_MAX_RANK];
  nnt_status status = read_exactly(file, bytes, 4 * (size_t)file->rank, "its header", error);
  if (status != NNT_OK) return status;
  file->sample_elements = 1;
  for (int i = 0; i < file->rank; ++i) {
    file->dims[i] = big_endian(bytes + (ptrdiff_t)4 * i);
    if (file->dims[i] == 0)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "an IDX file without samples\n%s: dimension %d is 0\nget the file again",
                      nnt_gz_path(file->stream), i + 1);
    if (i > 0) file->sample_elements *= file->dims[i];
    if (file->sample_elements > NNT_MAX_WIDTH)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "too many features a sample\n%s: more than %" PRId64
                      "\nreduce the samples' dimensions, or get the file again if it should be "
                      "smaller",
                      nnt_gz_path(file->stream), (int64_t)NNT_MAX_WIDTH);
  }
  return NNT_OK;
}

static nnt_status open_idx(const char *path, idx_file *file, nnt_error *error) {
  unsigned char magic[4] = {0};
  size_t got = 0;
  nnt_status status = nnt_gz_open(path, &file->stream, error);
  if (status == NNT_OK) status = nnt_gz_read(file->stream, magic, sizeof magic, &got, error);
  if (status != NNT_OK) return status;
  file->type = got == sizeof magic ? find_type(magic) : NULL;
  if (file->type == NULL)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "not an IDX file\n%s: the first four bytes are %02x %02x %02x %02x\ngive an "
                    "IDX file, or --format csv for CSV",
                    path, magic[0], magic[1], magic[2], magic[3]);
  file->rank = magic[3];
  return read_dims(file, error);
}

static nnt_status check_end(const idx_file *file, nnt_error *error) {
  char extra = 0;
  size_t got = 0;
  nnt_status status = nnt_gz_read(file->stream, &extra, 1, &got, error);
  if (status != NNT_OK || got == 0) return status;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "bytes behind the end of an IDX file\n%s holds more than its header says\n"
                  "get the file again",
                  nnt_gz_path(file->stream));
}

static nnt_status check_pair(const idx_file *features, const idx_file *labels, nnt_error *error) {
  const char *path = nnt_gz_path(labels->stream);
  if (labels->rank != 1)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "labels of more than one dimension\n%s has %d\ngive the file of the features "
                    "first, then that of the labels",
                    path, labels->rank);
  if (labels->type->is_float)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "labels that are not integers\n%s is of type %s\nfor targets of a regression, "
                    "convert from CSV with --target",
                    path, labels->type->name);
  if (labels->dims[0] != features->dims[0])
    return nnt_fail(error, NNT_BAD_INPUT,
                    "features and labels of different length\n%s has %" PRId64
                    " samples, %s has %" PRId64 " labels\ngive two files that belong together",
                    nnt_gz_path(features->stream), features->dims[0], path, labels->dims[0]);
  return NNT_OK;
}

/* --- the elements --- */

/* Big-endian elements to the machine's order, in place. */
static void to_native(unsigned char *bytes, int64_t count, size_t element_bytes) {
  for (int64_t i = 0; element_bytes > 1 && i < count; ++i, bytes += element_bytes) {
    if (element_bytes == 2) {
      uint16_t value = (uint16_t)(bytes[0] << 8 | bytes[1]);
      memcpy(bytes, &value, sizeof value);
    } else if (element_bytes == 4) {
      uint32_t value = big_endian(bytes);
      memcpy(bytes, &value, sizeof value);
    } else {
      uint64_t value = (uint64_t)big_endian(bytes) << 32 | big_endian(bytes + 4);
      memcpy(bytes, &value, sizeof value);
    }
  }
}

/* The index of the first element that is not finite, -1 when all are. */
static int64_t find_non_finite(const void *elements, int64_t count, const idx_type *type) {
  const float *single = elements;
  const double *wide = elements;
  for (int64_t i = 0; type->is_float && i < count; ++i) {
    if (type->bytes == 4 ? !isfinite(single[i]) : !isfinite(wide[i])) return i;
  }
  return -1;
}

static int64_t label_at(const void *labels, int64_t i, nnt_h5_type type) {
  switch (type) {
    case NNT_H5_U8:
      return ((const uint8_t *)labels)[i];
    case NNT_H5_I8:
      return ((const int8_t *)labels)[i];
    case NNT_H5_I16:
      return ((const int16_t *)labels)[i];
    case NNT_H5_I32:
      return ((const int32_t *)labels)[i];
    case NNT_H5_U16:
    case NNT_H5_I64:
    case NNT_H5_U64:
    case NNT_H5_F32:
    case NNT_H5_F64:
    default:
      return -1;
  }
}

typedef struct conversion {
  const nnt_convert_idx_options *options;
  idx_file features, labels;
  nnt_dataset_writer *writer;
  void *x, *y; /* one block */
  int64_t largest_label;
} conversion;

static nnt_status check_labels(conversion *work, int64_t first, int64_t count, nnt_error *error) {
  bool named = work->options->class_names != NULL;
  int64_t limit = named ? work->options->class_name_count : NNT_MAX_CLASSES;
  for (int64_t i = 0; i < count; ++i) {
    int64_t label = label_at(work->y, i, work->labels.type->type);
    if (label >= 0 && label < limit) {
      work->largest_label = nnt_max_i64(work->largest_label, label);
      continue;
    }
    const char *what = label < 0 ? "a negative class label"
                       : named   ? "a class label beyond the class names"
                                 : "a class label that is too large";
    const char *remedy = label < 0 ? "labels count from 0; get or make the file again"
                         : named   ? "give a name for every class with --class-names"
                                   : "number the classes from 0";
    return nnt_fail(error, NNT_BAD_INPUT,
                    "%s\n%s, sample %" PRId64 " (from 1): %" PRId64 " of %" PRId64 " classes\n%s",
                    what, nnt_gz_path(work->labels.stream), first + i + 1, label, limit, remedy);
  }
  return NNT_OK;
}

static nnt_status convert_block(conversion *work, int64_t first, int64_t count, nnt_error *error) {
  const idx_file *features = &work->features;
  int64_t elements = count * features->sample_elements;
  nnt_status status = read_exactly(features, work->x, (size_t)elements * features->type->bytes,
                                   "its elements", error);
  if (status == NNT_OK)
    status = read_exactly(&work->labels, work->y, (size_t)count * work->labels.type->bytes,
                          "its elements", error);
  if (status != NNT_OK) return status;
  to_native(work->x, elements, features->type->bytes);
  to_native(work->y, count, work->labels.type->bytes);
  int64_t wrong = find_non_finite(work->x, elements, features->type);
  if (wrong >= 0)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "a feature that is not a finite number\n%s, sample %" PRId64
                    " (from 1)\nremove or replace such values",
                    nnt_gz_path(features->stream), first + wrong / features->sample_elements + 1);
  status = check_labels(work, first, count, error);
  if (status != NNT_OK) return status;
  return nnt_dataset_writer_add(work->writer, count, work->x, work->y, error);
}

/* --- the whole --- */

static nnt_status begin(conversion *work, nnt_error *error) {
  const idx_file *features = &work->features;
  nnt_dataset_layout layout = {.x_type = features->type->type,
                               .x_rank = features->rank,
                               .y_type = work->labels.type->type,
                               .y_rank = 1};
  memcpy(layout.x_dims, features->dims, sizeof layout.x_dims);
  if (layout.x_rank == 1) {
    layout.x_dims[1] = 1;
    layout.x_rank = 2;
  }
  nnt_status status =
      nnt_dataset_writer_begin(&work->options->output, &layout, &work->writer, error);
  if (status != NNT_OK) return status;
  size_t block = (size_t)nnt_dataset_writer_block(work->writer);
  status = nnt_memory_allocate(block * (size_t)features->sample_elements * features->type->bytes,
                               "a block of samples", &work->x, error);
  if (status != NNT_OK) return status;
  return nnt_memory_allocate(block * work->labels.type->bytes, "a block of labels", &work->y,
                             error);
}

static nnt_status convert(conversion *work, nnt_error *error) {
  const nnt_convert_idx_options *options = work->options;
  nnt_status status = nnt_class_names_check(options->class_names, options->class_name_count, error);
  if (status == NNT_OK) status = open_idx(options->features, &work->features, error);
  if (status == NNT_OK) status = open_idx(options->labels, &work->labels, error);
  if (status == NNT_OK) status = check_pair(&work->features, &work->labels, error);
  if (status == NNT_OK) status = begin(work, error);
  if (status != NNT_OK) return status;
  int64_t samples = work->features.dims[0];
  int64_t block = nnt_dataset_writer_block(work->writer);
  for (int64_t first = 0; first < samples && status == NNT_OK; first += block)
    status = convert_block(work, first, nnt_min_i64(block, samples - first), error);
  if (status == NNT_OK) status = check_end(&work->features, error);
  if (status == NNT_OK) status = check_end(&work->labels, error);
  if (status != NNT_OK) return status;
  return nnt_dataset_writer_commit(&work->writer, options->class_names, options->class_name_count,
                                   error);
}

nnt_status nnt_convert_idx(const nnt_convert_idx_options *options, nnt_convert_result *result,
                           nnt_error *error) {
  conversion work = {.options = options, .largest_label = -1};
  memset(result, 0, sizeof *result);
  nnt_status status = convert(&work, error);
  if (status == NNT_OK) {
    result->samples = work.features.dims[0];
    result->features = work.features.sample_elements;
    result->classes =
        options->class_names != NULL ? options->class_name_count : work.largest_label + 1;
    result->type = work.features.type->name;
  }
  nnt_dataset_writer_abandon(&work.writer);
  nnt_gz_close(&work.features.stream);
  nnt_gz_close(&work.labels.stream);
  nnt_memory_free(&work.x);
  nnt_memory_free(&work.y);
  return status;
}
