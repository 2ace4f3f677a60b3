/* A data set of one file, or of several. */
#include "io/dataset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/partition.h"
#include "comm/comm.h"
#include "io/dataset_list.h"

/* Bytes read at once where rows are skipped, unless a sample is larger. */
#define SCRATCH_BYTES (INT64_C(1) << 20)

struct nnt_dataset {
  int count;
  nnt_dataset_file **files; /* [count] */
  int64_t *begin;           /* [count + 1] positions */
  nnt_dataset_shape shape;
  int names_of;                  /* the file whose class names the data set has */
  nnt_comm *comm;                /* NULL: reads are not collective */
  const nnt_index_set *selected; /* NULL: all rows */
  int64_t scratch_bytes;
  char *scratch; /* rows from which the selected ones are copied */
  char name[450];
};

static const nnt_dataset_shape *shape_at(const nnt_dataset *data, int file) {
  return nnt_dataset_file_shape(data->files[file]);
}

static nnt_status fail_different(const nnt_dataset *data, int file, const char *what,
                                 const char *first, const char *other, nnt_error *error) {
  return nnt_fail(error, NNT_BAD_INPUT,
                  "the files of a data set differ\n%.150s: %s %s, in %.150s it is %s\nstore all "
                  "files of a data set in the same way",
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

/* If both files have class names, these are the same. */
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

/* The shape of all files together. */
static void combine_shapes(nnt_dataset *data) {
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
  if (status == NNT_OK) combine_shapes(data);
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

nnt_status nnt_dataset_select(nnt_dataset *data, const nnt_index_set *rows, nnt_error *error) {
  nnt_dataset_shape *shape = &data->shape;
  int64_t x_bytes = shape->features * nnt_element_bytes(shape->element);
  int64_t y_bytes = shape->y_columns * (int64_t)sizeof(float);
  int64_t row_bytes = nnt_max_i64(nnt_max_i64(x_bytes, y_bytes), sizeof(float));
  data->scratch_bytes = nnt_max_i64(SCRATCH_BYTES, row_bytes);
  data->scratch = malloc((size_t)data->scratch_bytes);
  if (data->scratch == NULL)
    return nnt_fail_memory(error, (size_t)data->scratch_bytes, "a selection of samples");
  double share = (double)nnt_index_set_count(rows) / (double)shape->samples;
  data->selected = rows;
  shape->samples = nnt_index_set_count(rows);
  shape->chunk_rows = nnt_max_i64((int64_t)((double)shape->chunk_rows * share), 1);
  return NNT_OK;
}

nnt_status nnt_dataset_share(nnt_dataset *data, nnt_comm *comm, nnt_error *error) {
  nnt_status status = NNT_OK;
  for (int i = 0; i < data->count && status == NNT_OK; ++i)
    status = nnt_dataset_file_share(data->files[i], comm, error);
  data->comm = comm;
  return status;
}

void nnt_dataset_close(nnt_dataset **data) {
  if (*data == NULL) return;
  for (int i = 0; i < (*data)->count; ++i) nnt_dataset_file_close(&(*data)->files[i]);
  free((*data)->files);
  free((*data)->begin);
  free((*data)->scratch);
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

int64_t nnt_dataset_row(const nnt_dataset *data, int64_t position) {
  return data->selected != NULL ? nnt_index_set_row(data->selected, position) : position;
}

/* The parts of a sample. */
typedef enum column { X, CLASSES, TARGETS, WEIGHTS } column;

static int64_t bytes_of(const nnt_dataset *data, column what) {
  switch (what) {
    case X:
      return data->shape.features * nnt_element_bytes(data->shape.element);
    case TARGETS:
      return data->shape.y_columns * (int64_t)sizeof(float);
    case CLASSES:
    case WEIGHTS:
    default:
      return sizeof(int32_t);
  }
}

static nnt_status read_file(nnt_dataset_file *file, column what, int64_t first, int64_t count,
                            void *out, nnt_error *error) {
  switch (what) {
    case X:
      return nnt_dataset_file_read_x(file, first, count, out, error);
    case CLASSES:
      return nnt_dataset_file_read_classes(file, first, count, out, error);
    case TARGETS:
      return nnt_dataset_file_read_targets(file, first, count, out, error);
    case WEIGHTS:
    default:
      return nnt_dataset_file_read_weights(file, first, count, out, error);
  }
}

/* Rows [first, first + count) of all rows. In a collective read all ranks go through all files,
 * even after an error. */
static nnt_status read_rows(nnt_dataset *data, column what, int64_t first, int64_t count, void *out,
                            nnt_error *error) {
  bool together = what == X && data->comm != NULL;
  int64_t done = 0;
  nnt_status status = NNT_OK;
  for (int i = 0; i < data->count && (status == NNT_OK || together); ++i) {
    int64_t begin = nnt_max_i64(first, data->begin[i]);
    int64_t rows = nnt_max_i64(nnt_min_i64(first + count, data->begin[i + 1]) - begin, 0);
    nnt_error later;
    if (rows == 0 && !together) continue;
    nnt_status read =
        read_file(data->files[i], what, rows > 0 ? begin - data->begin[i] : 0, rows,
                  (char *)out + done * bytes_of(data, what), status == NNT_OK ? error : &later);
    if (status == NNT_OK) status = read;
    done += rows;
  }
  return status;
}

/* A contiguous run of rows that is read at once. */
typedef struct span {
  int64_t first, rows;
  int64_t selected; /* how many of them are selected */
} span;

/* The span from `position` on, of at most `left` samples and `most` rows. */
static span span_at(const nnt_dataset *data, int64_t position, int64_t left, int64_t most) {
  span next = {.first = nnt_index_set_row(data->selected, position)};
  int64_t last = nnt_index_set_row(data->selected, position + left - 1);
  int64_t rows = nnt_min_i64(last - next.first + 1, most);
  for (int64_t i = 0; i < rows; ++i) {
    if (!nnt_index_set_has(data->selected, next.first + i)) continue;
    ++next.selected;
    next.rows = i + 1;
  }
  return next;
}

static void pick(const nnt_dataset *data, span from, int64_t bytes, void *out) {
  char *to = out;
  for (int64_t i = 0; i < from.rows; ++i) {
    if (!nnt_index_set_has(data->selected, from.first + i)) continue;
    memcpy(to, data->scratch + i * bytes, (size_t)bytes);
    to += bytes;
  }
}

static nnt_status read_selected(nnt_dataset *data, column what, int64_t first, int64_t count,
                                void *out, nnt_error *error) {
  int64_t bytes = bytes_of(data, what), most = data->scratch_bytes / bytes, spans = 0, done = 0;
  nnt_status status = NNT_OK;
  for (int64_t i = 0; i < count; i += span_at(data, first + i, count - i, most).selected) ++spans;
  bool together = what == X && data->comm != NULL;
  if (together) status = nnt_comm_max_int(data->comm, &spans, 1, error);
  for (int64_t i = 0; i < spans && (status == NNT_OK || together); ++i) {
    span next = {0, 0, 0};
    nnt_error later;
    if (done < count && status == NNT_OK) next = span_at(data, first + done, count - done, most);
    nnt_status read = read_rows(data, what, next.first, next.rows, data->scratch,
                                status == NNT_OK ? error : &later);
    if (status == NNT_OK) status = read;
    if (status == NNT_OK) pick(data, next, bytes, (char *)out + done * bytes);
    done += next.selected;
  }
  return status;
}

static nnt_status read_column(nnt_dataset *data, column what, int64_t first, int64_t count,
                              void *out, nnt_error *error) {
  return data->selected != NULL ? read_selected(data, what, first, count, out, error)
                                : read_rows(data, what, first, count, out, error);
}

nnt_status nnt_dataset_read_x(nnt_dataset *data, int64_t first, int64_t count, void *out,
                              nnt_error *error) {
  return read_column(data, X, first, count, out, error);
}

nnt_status nnt_dataset_read_classes(nnt_dataset *data, int64_t first, int64_t count, int32_t *out,
                                    nnt_error *error) {
  return read_column(data, CLASSES, first, count, out, error);
}

nnt_status nnt_dataset_read_targets(nnt_dataset *data, int64_t first, int64_t count, float *out,
                                    nnt_error *error) {
  return read_column(data, TARGETS, first, count, out, error);
}

nnt_status nnt_dataset_read_weights(nnt_dataset *data, int64_t first, int64_t count, float *out,
                                    nnt_error *error) {
  return read_column(data, WEIGHTS, first, count, out, error);
}

nnt_status nnt_dataset_check_length(const nnt_dataset *data, nnt_error *error) {
  nnt_status status = NNT_OK;
  for (int i = 0; i < data->count && status == NNT_OK; ++i)
    status = nnt_dataset_file_check_length(data->files[i], error);
  return status;
}
