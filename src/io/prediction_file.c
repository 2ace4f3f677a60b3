/* Writing predictions to HDF5, CSV or NPY. */
#include "io/prediction_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hdf5/h5.h"
#include "io/atomic_file.h"

/* Rows per chunk. */
#define CHUNK 1024
/* Bytes of an NPY header, a multiple of 64 to align the array after it. */
#define NPY_HEADER 128

struct nnt_prediction_file {
  const nnt_model *model;
  bool with_rows;
  char path[4096];
  nnt_atomic_file *atomic;
  nnt_h5 *h5;   /* HDF5, or */
  FILE *stream; /* CSV or NPY */
  bool npy;
  int64_t samples;  /* written */
  int64_t *classes; /* [CHUNK] */
};

static nnt_status fail(const nnt_prediction_file *file, nnt_error *error) {
  return nnt_fail(error, NNT_IO_ERROR,
                  "cannot write the predictions\n--output %.500s: %s\ncheck the directory and "
                  "its free space",
                  file->path, strerror(errno));
}

/* The most probable class; a single output is the probability of class 1. */
static int64_t class_of(const float *values, int64_t outputs) {
  if (outputs == 1) return values[0] > 0.5F;
  int64_t best = 0;
  for (int64_t c = 1; c < outputs; ++c) best = values[c] > values[best] ? c : best;
  return best;
}

/* Multi-label outputs (binary cross-entropy with several outputs) are not one class. */
static bool has_class(const nnt_model *model) {
  return model->target == NNT_TARGET_CLASS ||
         (nnt_model_classifies(model) && nnt_model_outputs(model) == 1);
}

static nnt_status create_h5(nnt_prediction_file *file, nnt_error *error) {
  const int64_t dims[2] = {0, nnt_model_outputs(file->model)};
  const nnt_model *model = file->model;
  nnt_status status = nnt_h5_create(nnt_atomic_path(file->atomic), &file->h5, error);
  if (status == NNT_OK)
    status = nnt_h5_make_growing(file->h5, "/output", NNT_H5_F32, 2, dims, CHUNK, 0, error);
  if (status == NNT_OK && file->with_rows)
    status = nnt_h5_make_growing(file->h5, "/row", NNT_H5_I64, 1, dims, CHUNK, 0, error);
  if (status == NNT_OK && has_class(model))
    status = nnt_h5_make_growing(file->h5, "/class", NNT_H5_I64, 1, dims, CHUNK, 0, error);
  if (status == NNT_OK && model->class_names != NULL)
    status = nnt_h5_set_strings(file->h5, "/", "class_names", model->class_names,
                                model->class_name_count, error);
  return status;
}

/* The header line: row (if any), output_0, ... or output_NAME (if classes have names), class. */
static nnt_status create_csv(nnt_prediction_file *file, nnt_error *error) {
  const nnt_model *model = file->model;
  int64_t outputs = nnt_model_outputs(model);
  bool named = model->class_names != NULL && model->class_name_count == outputs;
  file->stream = fopen(nnt_atomic_path(file->atomic), "w");
  if (file->stream == NULL) return fail(file, error);
  if (file->with_rows) (void)fputs("row,", file->stream);
  for (int64_t c = 0; c < outputs; ++c) {
    if (c > 0) (void)fputc(',', file->stream);
    if (!named) {
      (void)fprintf(file->stream, "output_%" PRId64, c);
      continue;
    }
    (void)fputs("\"output_", file->stream);
    for (const char *n = model->class_names[c]; *n != '\0'; ++n)
      (void)fputs(*n == '"' ? "\"\"" : (char[]){*n, '\0'}, file->stream);
    (void)fputc('"', file->stream);
  }
  (void)fputs(has_class(model) ? ",class\n" : "\n", file->stream);
  return ferror(file->stream) ? fail(file, error) : NNT_OK;
}

/* NPY 1.0: the magic string, the length of the rest of the header, a Python dictionary padded with
 * spaces. */
static nnt_status write_npy_header(const nnt_prediction_file *file, nnt_error *error) {
  const uint16_t one = 1;
  const char order = *(const char *)&one == 1 ? '<' : '>';
  char header[NPY_HEADER + 1] = "\x93NUMPY\x01";
  char shape[NPY_HEADER - 10];
  (void)snprintf(shape, sizeof shape,
                 "{'descr': '%cf4', 'fortran_order': False, 'shape': (%" PRId64 ", %" PRId64 "), }",
                 order, file->samples, nnt_model_outputs(file->model));
  header[8] = NPY_HEADER - 10;
  (void)snprintf(header + 10, sizeof header - 10, "%-*s\n", NPY_HEADER - 11, shape);
  if (fseek(file->stream, 0, SEEK_SET) != 0 ||
      fwrite(header, 1, NPY_HEADER, file->stream) != NPY_HEADER)
    return fail(file, error);
  return NNT_OK;
}

static nnt_status create_npy(nnt_prediction_file *file, nnt_error *error) {
  file->npy = true;
  file->stream = fopen(nnt_atomic_path(file->atomic), "wb");
  return file->stream != NULL ? write_npy_header(file, error) : fail(file, error);
}

static bool ends_with(const char *path, const char *end) {
  size_t length = strlen(path), own = strlen(end);
  return length >= own && strcmp(path + length - own, end) == 0;
}

nnt_status nnt_prediction_file_create(const char *path, const nnt_model *model, bool with_rows,
                                      nnt_prediction_file **out, nnt_error *error) {
  *out = NULL;
  nnt_prediction_file *file = calloc(1, sizeof *file);
  if (file == NULL) return nnt_fail_memory(error, sizeof *file, "predictions");
  file->model = model;
  file->with_rows = with_rows;
  (void)snprintf(file->path, sizeof file->path, "%s", path);
  file->classes = calloc(CHUNK, sizeof *file->classes);
  nnt_status status = file->classes != NULL
                          ? nnt_atomic_begin(path, &file->atomic, error)
                          : nnt_fail_memory(error, CHUNK * sizeof(int64_t), "predictions");
  if (status == NNT_OK && ends_with(path, ".csv"))
    status = create_csv(file, error);
  else if (status == NNT_OK && ends_with(path, ".npy"))
    status = create_npy(file, error);
  else if (status == NNT_OK)
    status = create_h5(file, error);
  /* Nothing has been computed yet: the path is wrong, no work is lost. */
  if (status == NNT_IO_ERROR) status = error->status = NNT_BAD_INPUT;
  if (status != NNT_OK) {
    nnt_prediction_file_abandon(&file);
    return status;
  }
  *out = file;
  return NNT_OK;
}

static nnt_status append_h5(nnt_prediction_file *file, int64_t first, int64_t count,
                            const float *values, const int64_t *rows, nnt_error *error) {
  int64_t outputs = nnt_model_outputs(file->model);
  nnt_status status =
      nnt_h5_write_rows(file->h5, "/output", first, count, NNT_H5_F32, values, error);
  if (status == NNT_OK && file->with_rows)
    status = nnt_h5_write_rows(file->h5, "/row", first, count, NNT_H5_I64, rows, error);
  for (int64_t done = 0; done < count && has_class(file->model) && status == NNT_OK;
       done += CHUNK) {
    int64_t part = count - done < CHUNK ? count - done : CHUNK;
    for (int64_t i = 0; i < part; ++i)
      file->classes[i] = class_of(values + (done + i) * outputs, outputs);
    status =
        nnt_h5_write_rows(file->h5, "/class", first + done, part, NNT_H5_I64, file->classes, error);
  }
  return status;
}

static nnt_status append_csv(nnt_prediction_file *file, int64_t count, const float *values,
                             const int64_t *rows, nnt_error *error) {
  int64_t outputs = nnt_model_outputs(file->model);
  for (int64_t r = 0; r < count; ++r) {
    const float *row = values + r * outputs;
    if (file->with_rows) (void)fprintf(file->stream, "%" PRId64 ",", rows[r]);
    for (int64_t c = 0; c < outputs; ++c)
      (void)fprintf(file->stream, c > 0 ? ",%.9g" : "%.9g", (double)row[c]);
    if (has_class(file->model)) (void)fprintf(file->stream, ",%" PRId64, class_of(row, outputs));
    (void)fputc('\n', file->stream);
  }
  return ferror(file->stream) ? fail(file, error) : NNT_OK;
}

static nnt_status append_npy(nnt_prediction_file *file, int64_t count, const float *values,
                             nnt_error *error) {
  size_t floats = (size_t)(count * nnt_model_outputs(file->model));
  return fwrite(values, sizeof *values, floats, file->stream) == floats ? NNT_OK
                                                                        : fail(file, error);
}

nnt_status nnt_prediction_file_append(nnt_prediction_file *file, int64_t first, int64_t count,
                                      const float *values, const int64_t *rows, nnt_error *error) {
  file->samples += count;
  if (file->npy) return append_npy(file, count, values, error);
  return file->stream != NULL ? append_csv(file, count, values, rows, error)
                              : append_h5(file, first, count, values, rows, error);
}

nnt_status nnt_prediction_file_commit(nnt_prediction_file **file, nnt_error *error) {
  nnt_status status = NNT_OK;
  if ((*file)->h5 != NULL) status = nnt_h5_close(&(*file)->h5, error);
  if ((*file)->npy) status = write_npy_header(*file, error);
  if ((*file)->stream != NULL) {
    if (fclose((*file)->stream) != 0 && status == NNT_OK) status = fail(*file, error);
    (*file)->stream = NULL;
  }
  if (status == NNT_OK) status = nnt_atomic_commit(&(*file)->atomic, error);
  nnt_prediction_file_abandon(file);
  return status;
}

void nnt_prediction_file_abandon(nnt_prediction_file **file) {
  if (*file == NULL) return;
  nnt_h5_destroy(&(*file)->h5);
  if ((*file)->stream != NULL) (void)fclose((*file)->stream);
  nnt_atomic_abandon(&(*file)->atomic);
  free((*file)->classes);
  free(*file);
  *file = NULL;
}
