/* Writing predictions, block by block: HDF5, CSV or NPY, whole or not at all. Local to one rank.
 * FORMAT.md has the layout. */
#ifndef NNT_IO_PREDICTION_FILE_H
#define NNT_IO_PREDICTION_FILE_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/model.h"

typedef struct nnt_prediction_file nnt_prediction_file;

/* CSV when `path` ends in ".csv", NPY (NumPy's format, version 1.0, the outputs alone) when in
 * ".npy", else HDF5. `model` tells outputs, classes and their names, and
 * must outlive the file. `with_rows`: the samples are part of a data set, and each is written with
 * its row there. */
nnt_status nnt_prediction_file_create(const char *path, const nnt_model *model, bool with_rows,
                                      nnt_prediction_file **out, nnt_error *error) NNT_MUST_CHECK;
/* Samples [first, first + count), in order, from values [count, outputs]; rows [count], not read
 * without `with_rows`. */
nnt_status nnt_prediction_file_append(nnt_prediction_file *file, int64_t first, int64_t count,
                                      const float *values, const int64_t *rows,
                                      nnt_error *error) NNT_MUST_CHECK;
/* Puts the file under its name; the handle is gone. */
nnt_status nnt_prediction_file_commit(nnt_prediction_file **file, nnt_error *error) NNT_MUST_CHECK;
/* Removes what was written; NULL in it is accepted. */
void nnt_prediction_file_abandon(nnt_prediction_file **file);

#endif
