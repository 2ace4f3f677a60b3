/* A data set of one file, or of several. */
#include "io/dataset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/partition.h"
#include "io/dataset_list.h"

struct nnt_dataset {
  int count;
  nnt_dataset_file **files; /* [count] */
  int64_t *begin;           /* [count + 1] positions */
  nnt_dataset_shape shape;
  int names_of; /* file whose class names are the data set's */
  bool shared;
  char name[450];
};

static const nnt_dataset_shape *shape_at(const nnt_dataset *data, int file) {
  return nnt_dataset_file_shape(data->files[file]);
}

static nnt_status fail_different(const nnt_dataset *data, int file, const char *what,
                                 const char *first, const char *other, nnt_error *error) {
  return nnt_fail(error, NNT_BAD_INPUT,
                  "the files of a data set differ\n%.150s: %s %s, in %.150s it is %s\nstore all "
                  "files of a data set alike",
                  nnt_dataset_file_name(data->files[file]), what, other,
                  nnt_dataset_file_name(data->files[0]), first);
}

static nnt_status fail_number(const nnt_dataset *data, int file, const char *what, int64_t first,
                              int64_t other, nnt_error *error) {
  char texts[2][24];
  (void)snprintf(texts[0], sizeof texts[0], "%" PRId64, first);
  (void)snprintf(texts[1], sizeof texts[1], "%" PRId64, other);
  return fail_different(data, file, what, texts[0], texts[1], error);
}

static const char *element_name(nnt_element element) {
  static const char *const names[] = {
      [NNT_U8] = "uint8", [NNT_I8] = "int8", [NNT_U16] = "uint16", [NNT_I16] = "int16"};
  return element == NNT_F32 ? "read as float32" : names[element];
}

static const char *y_name(const nnt_dataset_shape *shape) {
  if (!shape->has_y) return "missing";
  return shape->y_integer && shape->y_vector ? "classes" : "values";
}

/* Class names that both files have are the same. */
static nnt_status check_names(const nnt_dataset *data, int file, nnt_error *error) {
  const nnt_dataset_shape *first = shape_at(data, data->names_of), *other = shape_at(data, file);
  if (first->class_names == NULL || other->class_names == NULL) return NNT_OK;
  if (first->class_name_count != other->class_name_count)
    return fail_number(data, file, "the number of class names is", first->class_name_count,
                       other->class_name_count, error);
  for (int64_t i = 0; i < first->class_name_count; ++i) {
    if (strcmp(first->class_names[i], other->class_names[i]) != 0)
      return fail_different(data, file, "a class is named", first->class_names[i],
                            other->class_names[i], error);
  }
  return NNT_OK;
}

static nnt_status check_alike(nnt_dataset *data, int file, nnt_error *error) {
  const nnt_dataset_shape *first = shape_at(data, 0), *other = shape_at(data, file);
  if (other->features != first->features)
    return fail_number(data, file, "the number of features is", first->features, other->features,
                       error);
  if (other->element != first->element)
    return fail_different(data, file, "x is", element_name(first->element),
                          element_name(other->element), error);
  if (strcmp(y_name(other), y_name(first)) != 0)
    return fail_different(data, file, "y is", y_name(first), y_name(other), error);
  if (first->has_y && other->y_columns != first->y_columns)
    return fail_number(data, file, "the number of targets is", first->y_columns, other->y_columns,
                       error);
  if (shape_at(data, data->names_of)->class_names == NULL) data->names_of = file;
  return check_names(data, file, error);
}

/* The shape of all files, from that of each. */
static void join_shapes(nnt_dataset *data) {
  data->shape = *shape_at(data, 0);
  for (int i = 0; i < data->count; ++i) {
    const nnt_dataset_shape *shape = shape_at(data, i);
    data->begin[i + 1] = data->begin[i] + shape->samples;
    if (shape->chunk_rows != data->shape.chunk_rows || data->begin[i] % shape->chunk_rows != 0)
      data->shape.chunk_rows = 1;
  }
  data->shape.samples = data->begin[data->count];
  data->shape.class_names = shape_at(data, data->names_of)->class_names;
  data->shape.class_name_count = shape_at(data, data->names_of)->class_name_count;
  (void)snprintf(data->name, sizeof data->name, "%s", nnt_dataset_file_name(data->files[0]));
  if (data->count == 1) return;
  size_t used = strlen(data->name);
  (void)snprintf(data->name + used, sizeof data->name - used, " and %d more", data->count - 1);
}

static nnt_status open_all(nnt_dataset *data, const nnt_dataset_list *list, bool need_y,
                           nnt_error *error) {
  data->files = calloc((size_t)list->count, sizeof(nnt_dataset_file *));
  data->begin = calloc((size_t)list->count + 1, sizeof *data->begin);
  if (data->files == NULL || data->begin == NULL)
    return nnt_fail_memory(error, (size_t)list->count * sizeof *data->begin, "data files");
  nnt_status status = NNT_OK;
  for (int i = 0; i < list->count && status == NNT_OK; ++i) {
    status = nnt_dataset_file_open(&list->places[i], need_y, &data->files[i], error);
    if (status != NNT_OK) break;
    data->count = i + 1;
    status = check_alike(data, i, error);
  }
  if (status == NNT_OK) join_shapes(data);
  return status;
}

nnt_status nnt_dataset_open(const nnt_dataset_place *place, bool need_y, nnt_dataset **out,
                            nnt_error *error) {
  nnt_dataset_list list;
  *out = NULL;
  nnt_status status = nnt_dataset_list_create(place, &list, error);
  if (status != NNT_OK) return status;
  nnt_dataset *data = calloc(1, sizeof *data);
  status = data != NULL ? open_all(data, &list, need_y, error)
                        : nnt_fail_memory(error, sizeof *data, "a data set");
  nnt_dataset_list_clear(&list);
  if (status != NNT_OK) {
    nnt_dataset_close(&data);
    return status;
  }
  *out = data;
  return NNT_OK;
}

nnt_status nnt_dataset_share(nnt_dataset *data, nnt_comm *comm, nnt_error *error) {
  nnt_status status = NNT_OK;
  for (int i = 0; i < data->count && status == NNT_OK; ++i)
    status = nnt_dataset_file_share(data->files[i], comm, error);
  data->shared = status == NNT_OK;
  return status;
}

void nnt_dataset_close(nnt_dataset **data) {
  if (*data == NULL) return;
  for (int i = 0; i < (*data)->count; ++i) nnt_dataset_file_close(&(*data)->files[i]);
  free((*data)->files);
  free((*data)->begin);
  free(*data);
  *data = NULL;
}

const nnt_dataset_shape *nnt_dataset_shape_of(const nnt_dataset *data) {
  return &data->shape;
}

char **nnt_dataset_take_class_names(nnt_dataset *data) {
  data->shape.class_names = NULL;
  return nnt_dataset_file_take_class_names(data->files[data->names_of]);
}

const char *nnt_dataset_name(const nnt_dataset *data) {
  return data->name;
}

int nnt_dataset_files(const nnt_dataset *data) {
  return data->count;
}

/* The part of [first, end) that lies in a file, as rows of the file; whether there is any. */
static bool part_of(const nnt_dataset *data, int file, int64_t first, int64_t end, int64_t *row,
                    int64_t *rows) {
  int64_t begin = nnt_max_i64(first, data->begin[file]);
  int64_t stop = nnt_min_i64(end, data->begin[file + 1]);
  *row = begin < stop ? begin - data->begin[file] : 0;
  *rows = nnt_max_i64(stop - begin, 0);
  return *rows > 0;
}

nnt_status nnt_dataset_read_x(nnt_dataset *data, int64_t first, int64_t count, void *out,
                              nnt_error *error) {
  int64_t row_bytes = data->shape.features * nnt_element_bytes(data->shape.element);
  int64_t row = 0, rows = 0, done = 0;
  nnt_status status = NNT_OK;
  for (int i = 0; i < data->count; ++i) {
    bool own = part_of(data, i, first, first + count, &row, &rows);
    /* A collective read is one for all ranks: they all go through all files. */
    if (!own && !data->shared) continue;
    nnt_error later;
    nnt_status read =
        nnt_dataset_file_read_x(data->files[i], row, rows, (char *)out + done * row_bytes,
                                status == NNT_OK ? error : &later);
    if (status == NNT_OK) status = read;
    if (status != NNT_OK && !data->shared) break;
    done += rows;
  }
  return status;
}

nnt_status nnt_dataset_read_classes(nnt_dataset *data, int64_t first, int64_t count, int32_t *out,
                                    nnt_error *error) {
  int64_t row = 0, rows = 0;
  nnt_status status = NNT_OK;
  for (int i = 0; i < data->count && status == NNT_OK; ++i) {
    if (!part_of(data, i, first, first + count, &row, &rows)) continue;
    status = nnt_dataset_file_read_classes(data->files[i], row, rows, out, error);
    out += rows;
  }
  return status;
}

nnt_status nnt_dataset_read_targets(nnt_dataset *data, int64_t first, int64_t count, float *out,
                                    nnt_error *error) {
  int64_t row = 0, rows = 0;
  nnt_status status = NNT_OK;
  for (int i = 0; i < data->count && status == NNT_OK; ++i) {
    if (!part_of(data, i, first, first + count, &row, &rows)) continue;
    status = nnt_dataset_file_read_targets(data->files[i], row, rows, out, error);
    out += rows * data->shape.y_columns;
  }
  return status;
}

nnt_status nnt_dataset_check_length(const nnt_dataset *data, nnt_error *error) {
  nnt_status status = NNT_OK;
  for (int i = 0; i < data->count && status == NNT_OK; ++i)
    status = nnt_dataset_file_check_length(data->files[i], error);
  return status;
}
