/* Reading one file of a data set. */
#include "io/dataset_file.h"

#include <inttypes.h>
#include <math.h>
#include <nntrain/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "hdf5/h5.h"

#define MAX_CLASS 1000000
/* Rows of y read at a time. */
#define Y_BLOCK 65536

struct nnt_dataset_file {
  nnt_h5 *h5;
  nnt_h5 *shared; /* the same file opened collectively, for x; else NULL */
  char name[400];
  char group[200];                                 /* "/" or "/train" */
  char x_path[300], y_path[300], weight_path[300]; /* weight_path "": none */
  nnt_h5_type x_type;
  nnt_dataset_shape shape;
};

static nnt_status fail(const nnt_dataset_file *file, const char *dataset, const char *what,
                       const char *remedy, nnt_error *error) {
  return nnt_fail(error, NNT_BAD_INPUT, "%s\n%s, dataset %s\n%s", what, file->name, dataset,
                  remedy);
}

static void set_names(nnt_dataset_file *file, const nnt_dataset_place *place) {
  const char *group = place->group != NULL ? place->group : "";
  while (*group == '/') ++group;
  const char *separator = group[0] != '\0' ? "/" : "";
  if (place->weight_name != NULL)
    (void)snprintf(file->weight_path, sizeof file->weight_path, "/%s%s%s", group, separator,
                   place->weight_name);
  (void)snprintf(file->name, sizeof file->name, "%s%s%s", place->path, group[0] != '\0' ? ":" : "",
                 group);
  (void)snprintf(file->group, sizeof file->group, "/%s", group);
  (void)snprintf(file->x_path, sizeof file->x_path, "/%s%s%s", group, separator,
                 place->x_name != NULL ? place->x_name : "x");
  (void)snprintf(file->y_path, sizeof file->y_path, "/%s%s%s", group, separator,
                 place->y_name != NULL ? place->y_name : "y");
}

struct listing {
  char text[400];
};

static nnt_status list_one(void *context, const char *path, const nnt_h5_dataset *dataset,
                           nnt_error *error) {
  struct listing *listing = context;
  (void)dataset;
  (void)error;
  size_t used = strlen(listing->text);
  (void)snprintf(listing->text + used, sizeof listing->text - used, "%s%s", used > 0 ? ", " : "",
                 path);
  return NNT_OK;
}

/* The message lists the datasets of the file. */
static nnt_status fail_missing(nnt_dataset_file *file, const char *path, const char *option,
                               nnt_error *error) {
  struct listing listing = {""};
  nnt_error ignored;
  if (nnt_h5_visit(file->h5, "/", list_one, &listing, &ignored) != NNT_OK ||
      listing.text[0] == '\0')
    (void)snprintf(listing.text, sizeof listing.text, "none");
  return nnt_fail(error, NNT_BAD_INPUT,
                  "no such dataset\n%s, dataset %s\ngive FILE:GROUP or %s; the file contains: "
                  "%.150s",
                  file->name, path, option, listing.text);
}

/* Integer types smaller than float32 are kept: it represents them exactly. */
static void choose_type(nnt_dataset_file *file, const nnt_h5_dataset *x) {
  bool small = x->kind == NNT_H5_INTEGER && x->element_bytes <= 2;
  file->shape.ranged = small;
  file->x_type = NNT_H5_F32;
  file->shape.element = NNT_F32;
  if (!small) return;
  if (x->element_bytes == 1) {
    file->x_type = x->is_signed ? NNT_H5_I8 : NNT_H5_U8;
    file->shape.element = x->is_signed ? NNT_I8 : NNT_U8;
  } else {
    file->x_type = x->is_signed ? NNT_H5_I16 : NNT_H5_U16;
    file->shape.element = x->is_signed ? NNT_I16 : NNT_U16;
  }
}

static nnt_status describe_x(nnt_dataset_file *file, nnt_error *error) {
  nnt_h5_dataset x;
  if (!nnt_h5_is_dataset(file->h5, file->x_path))
    return fail_missing(file, file->x_path, "--x-name", error);
  nnt_status status = nnt_h5_describe(file->h5, file->x_path, &x, error);
  if (status != NNT_OK) return status;
  if (x.kind == NNT_H5_OTHER)
    return fail(file, file->x_path, "the samples are not numbers",
                "store x as an integer or floating-point array", error);
  if (x.rank < 2)
    return fail(file, file->x_path, "x has too few dimensions",
                "give x the shape [samples, features], or more dimensions", error);
  file->shape.samples = x.dims[0];
  file->shape.features = 1;
  if (x.rank == 3) {
    file->shape.height = x.dims[1];
    file->shape.width = x.dims[2];
  }
  for (int i = 1; i < x.rank && file->shape.features <= NNT_MAX_WIDTH; ++i)
    file->shape.features *= nnt_min_i64(x.dims[i], NNT_MAX_WIDTH + 1);
  file->shape.chunk_rows = nnt_max_i64(x.chunk_rows, 1);
  choose_type(file, &x);
  if (file->shape.samples == 0 || file->shape.features == 0)
    return fail(file, file->x_path, "the data set is empty",
                "give a data set with at least one sample and one feature", error);
  if (file->shape.features > NNT_MAX_WIDTH)
    return fail(file, file->x_path, "too many features per sample",
                "reduce the dimensions of the samples to at most 16777216 features", error);
  return NNT_OK;
}

static nnt_status describe_y(nnt_dataset_file *file, bool need_y, nnt_error *error) {
  nnt_h5_dataset y;
  nnt_dataset_shape *shape = &file->shape;
  shape->has_y = nnt_h5_is_dataset(file->h5, file->y_path);
  if (!shape->has_y) return need_y ? fail_missing(file, file->y_path, "--y-name", error) : NNT_OK;
  nnt_status status = nnt_h5_describe(file->h5, file->y_path, &y, error);
  if (status != NNT_OK) return status;
  if (y.kind == NNT_H5_OTHER)
    return fail(file, file->y_path, "the targets are not numbers",
                "store y as integers (classes) or floats (values)", error);
  if (y.rank < 1 || y.rank > 2)
    return fail(file, file->y_path, "y has the wrong number of dimensions",
                "give y the shape [samples] or [samples, targets]", error);
  shape->y_integer = y.kind == NNT_H5_INTEGER;
  shape->y_vector = y.rank == 1;
  shape->y_columns = y.rank == 2 ? y.dims[1] : 1;
  if (y.dims[0] != shape->samples)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "x and y have different lengths\n%s: %s has %" PRId64
                    " samples, %s has %" PRId64 "\ngive every sample one target",
                    file->name, file->x_path, shape->samples, file->y_path, y.dims[0]);
  if (shape->y_columns < 1)
    return fail(file, file->y_path, "y has no columns", "give y at least one target", error);
  return NNT_OK;
}

static nnt_status check_weights(nnt_dataset_file *file, nnt_error *error) {
  nnt_h5_dataset weights;
  if (file->weight_path[0] == '\0') return NNT_OK;
  if (!nnt_h5_is_dataset(file->h5, file->weight_path))
    return fail_missing(file, file->weight_path, "--weight-name", error);
  nnt_status status = nnt_h5_describe(file->h5, file->weight_path, &weights, error);
  if (status != NNT_OK) return status;
  if (weights.kind == NNT_H5_OTHER || weights.rank != 1 || weights.dims[0] != file->shape.samples)
    return fail(file, file->weight_path, "the weights do not match the samples",
                "give the weights the shape [samples], as non-negative numbers", error);
  return NNT_OK;
}

nnt_status nnt_dataset_file_open(const nnt_dataset_place *place, bool need_y,
                                 nnt_dataset_file **out, nnt_error *error) {
  *out = NULL;
  nnt_dataset_file *file = calloc(1, sizeof *file);
  if (file == NULL) return nnt_fail_memory(error, sizeof *file, "a data file");
  set_names(file, place);
  nnt_status status = nnt_h5_open(place->path, &file->h5, error);
  if (status == NNT_OK && !nnt_h5_exists(file->h5, file->group))
    status = fail_missing(file, file->group, "another GROUP", error);
  if (status == NNT_OK) status = describe_x(file, error);
  if (status == NNT_OK) status = describe_y(file, need_y, error);
  if (status == NNT_OK) status = check_weights(file, error);
  if (status == NNT_OK && nnt_h5_has_attribute(file->h5, file->group, "class_names"))
    status = nnt_h5_get_strings(file->h5, file->group, "class_names", &file->shape.class_names,
                                &file->shape.class_name_count, error);
  if (status != NNT_OK) {
    nnt_dataset_file_close(&file);
    return status;
  }
  *out = file;
  return NNT_OK;
}

nnt_status nnt_dataset_file_share(nnt_dataset_file *file, nnt_comm *comm, nnt_error *error) {
  return nnt_h5_open_collective(nnt_h5_name(file->h5), comm, &file->shared, error);
}

nnt_status nnt_dataset_file_check_length(const nnt_dataset_file *file, nnt_error *error) {
  return nnt_h5_check_length(file->h5, error);
}

void nnt_dataset_file_close(nnt_dataset_file **file) {
  if (*file == NULL) return;
  nnt_h5_destroy(&(*file)->shared);
  nnt_h5_destroy(&(*file)->h5);
  free((*file)->shape.class_names);
  free(*file);
  *file = NULL;
}

const nnt_dataset_shape *nnt_dataset_file_shape(const nnt_dataset_file *file) {
  return &file->shape;
}

char **nnt_dataset_file_take_class_names(nnt_dataset_file *file) {
  char **names = file->shape.class_names;
  file->shape.class_names = NULL;
  return names;
}

const char *nnt_dataset_file_name(const nnt_dataset_file *file) {
  return file->name;
}

/* An error at the first value that is not finite. */
static nnt_status check_finite(const nnt_dataset_file *file, const char *path, const float *values,
                               int64_t first, int64_t rows, int64_t columns, nnt_error *error) {
  for (int64_t i = 0; i < rows * columns; ++i) {
    if (!isfinite(values[i]))
      return nnt_fail(error, NNT_BAD_INPUT,
                      "a value is not finite in float32\n%s, dataset %s, row %" PRId64
                      ", column %" PRId64
                      " (from 0)\nremove or replace NaN, infinity and values beyond 3.4e38",
                      file->name, path, first + i / columns, i % columns);
  }
  return NNT_OK;
}

nnt_status nnt_dataset_file_read_x(nnt_dataset_file *file, int64_t first, int64_t count, void *out,
                                   nnt_error *error) {
  nnt_status status = nnt_h5_read_rows(file->shared != NULL ? file->shared : file->h5, file->x_path,
                                       first, count, file->x_type, out, error);
  if (status != NNT_OK || file->x_type != NNT_H5_F32) return status;
  return check_finite(file, file->x_path, out, first, count, file->shape.features, error);
}

static nnt_status take_class(const nnt_dataset_file *file, int64_t value, int64_t row, int32_t *out,
                             nnt_error *error) {
  if (value < 0 || value >= MAX_CLASS)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "a class label is out of range\n%s, dataset %s, row %" PRId64 ": %" PRId64
                    "\nclasses count from 0; for a regression use --loss mse",
                    file->name, file->y_path, row, value);
  *out = (int32_t)value;
  return NNT_OK;
}

nnt_status nnt_dataset_file_read_classes(nnt_dataset_file *file, int64_t first, int64_t count,
                                         int32_t *out, nnt_error *error) {
  void *memory = NULL;
  int64_t block = nnt_min_i64(count, Y_BLOCK);
  nnt_status status =
      nnt_memory_allocate((size_t)block * sizeof(int64_t), "labels", &memory, error);
  int64_t *values = memory;
  for (int64_t done = 0; done < count && status == NNT_OK; done += block) {
    int64_t rows = nnt_min_i64(block, count - done);
    status =
        nnt_h5_read_rows(file->h5, file->y_path, first + done, rows, NNT_H5_I64, values, error);
    for (int64_t i = 0; i < rows && status == NNT_OK; ++i)
      status = take_class(file, values[i], first + done + i, &out[done + i], error);
  }
  nnt_memory_free(&memory);
  return status;
}

nnt_status nnt_dataset_file_read_targets(nnt_dataset_file *file, int64_t first, int64_t count,
                                         float *out, nnt_error *error) {
  nnt_status status =
      nnt_h5_read_rows(file->h5, file->y_path, first, count, NNT_H5_F32, out, error);
  if (status != NNT_OK) return status;
  return check_finite(file, file->y_path, out, first, count, file->shape.y_columns, error);
}

nnt_status nnt_dataset_file_read_weights(nnt_dataset_file *file, int64_t first, int64_t count,
                                         float *out, nnt_error *error) {
  nnt_status status =
      nnt_h5_read_rows(file->h5, file->weight_path, first, count, NNT_H5_F32, out, error);
  if (status == NNT_OK) status = check_finite(file, file->weight_path, out, first, count, 1, error);
  for (int64_t i = 0; i < count && status == NNT_OK; ++i) {
    if (out[i] < 0.0F)
      status = nnt_fail(error, NNT_BAD_INPUT,
                        "a weight is negative\n%s, dataset %s, row %" PRId64
                        ": %g\ngive non-negative weights",
                        file->name, file->weight_path, first + i, (double)out[i]);
  }
  return status;
}
