/* Writing predictions, block by block, to HDF5, CSV or NPY, atomically. Not collective. FORMAT.md
 * has the layout. */
#ifndef NNT_IO_PREDICTION_FILE_H
#define NNT_IO_PREDICTION_FILE_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/model.h"

typedef struct nnt_prediction_file nnt_prediction_file;

/* CSV if `path` ends in ".csv", NPY (version 1.0, only the outputs) if it ends in ".npy", else
 * HDF5. `model` gives outputs, classes and class names, and must outlive the file. With
 * `with_rows`, for part of a data set, each sample is written with its row there. */
nnt_status nnt_prediction_file_create(const char *path, const nnt_model *model, bool with_rows,
                                      nnt_prediction_file **out, nnt_error *error) NNT_MUST_CHECK;
/* Samples [first, first + count), in order, from values [count, outputs] and, with `with_rows`,
 * rows [count]. */
nnt_status nnt_prediction_file_append(nnt_prediction_file *file, int64_t first, int64_t count,
                                      const float *values, const int64_t *rows,
                                      nnt_error *error) NNT_MUST_CHECK;
/* Gives the file its final name and destroys the handle. */
nnt_status nnt_prediction_file_commit(nnt_prediction_file **file, nnt_error *error) NNT_MUST_CHECK;
/* Removes what was written; *file may be NULL. */
void nnt_prediction_file_abandon(nnt_prediction_file **file);

#endif
