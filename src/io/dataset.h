/* A data set: one file, or several whose samples follow one another in the order of the files.
 * Positions count over all files; messages name the file and its own rows. Not collective unless
 * stated otherwise. Errors: those of dataset_file.h and dataset_list.h. */
#ifndef NNT_IO_DATASET_H
#define NNT_IO_DATASET_H

#include "data/index_set.h"
#include "io/dataset_file.h"

typedef struct nnt_dataset nnt_dataset;

/* Opens all files. NNT_BAD_INPUT unless they agree in the number of features, the type in memory,
 * the kind of y, and the class names where more than one has them. */
nnt_status nnt_dataset_open(const nnt_dataset_place *place, bool need_y, nnt_dataset **out,
                            nnt_error *error) NNT_MUST_CHECK;
/* Restricts the data set to these rows, borrowed: shape and positions become theirs. */
nnt_status nnt_dataset_select(nnt_dataset *data, const nnt_index_set *rows,
                              nnt_error *error) NNT_MUST_CHECK;
/* As nnt_dataset_file_share; called after nnt_dataset_select. */
nnt_status nnt_dataset_share(nnt_dataset *data, nnt_comm *comm, nnt_error *error) NNT_MUST_CHECK;
/* *data may be NULL. */
void nnt_dataset_close(nnt_dataset **data);

/* Of all files together. chunk_rows is 1 unless all chunks begin at multiples of it; with selected
 * rows, it is about the number of selected rows per chunk. */
const nnt_dataset_shape *nnt_dataset_shape_of(const nnt_dataset *data);
/* As nnt_dataset_file_take_class_names. */
char **nnt_dataset_take_class_names(nnt_dataset *data);
/* "FILE", "FILE:GROUP", or the first of several and how many more, for messages. */
const char *nnt_dataset_name(const nnt_dataset *data);
int nnt_dataset_files(const nnt_dataset *data);
/* The row of the sample at a position, counted over all rows of all files. */
int64_t nnt_dataset_row(const nnt_dataset *data, int64_t position);

/* As those of nnt_dataset_file; [first, first + count) may span several files. Rows between
 * selected ones are read, and checked, along with them. */
nnt_status nnt_dataset_read_x(nnt_dataset *data, int64_t first, int64_t count, void *out,
                              nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_dataset_read_classes(nnt_dataset *data, int64_t first, int64_t count, int32_t *out,
                                    nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_dataset_read_targets(nnt_dataset *data, int64_t first, int64_t count, float *out,
                                    nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_dataset_read_weights(nnt_dataset *data, int64_t first, int64_t count, float *out,
                                    nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_dataset_check_length(const nnt_dataset *data, nnt_error *error) NNT_MUST_CHECK;

#endif
