/* A data set: one file, or several whose samples follow one another in the order of the files.
 * Positions are counted over all of them; messages name the file and its own rows. Local to the
 * rank unless said otherwise. Errors: as of dataset_file.h and dataset_list.h. */
#ifndef NNT_IO_DATASET_H
#define NNT_IO_DATASET_H

#include "data/index_set.h"
#include "io/dataset_file.h"

typedef struct nnt_dataset nnt_dataset;

/* Opens all files. They agree in features, in the type in memory, in the kind of y, and in class
 * names where more than one has them; else NNT_BAD_INPUT. */
nnt_status nnt_dataset_open(const nnt_dataset_place *place, bool need_y, nnt_dataset **out,
                            nnt_error *error) NNT_MUST_CHECK;
/* From here the data set is these of its rows, borrowed: shape and positions are theirs. */
nnt_status nnt_dataset_select(nnt_dataset *data, const nnt_index_set *rows,
                              nnt_error *error) NNT_MUST_CHECK;
/* As nnt_dataset_file_share; to be called after nnt_dataset_select. */
nnt_status nnt_dataset_share(nnt_dataset *data, nnt_comm *comm, nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted. */
void nnt_dataset_close(nnt_dataset **data);

/* Of all files together. chunk_rows is 1 unless the chunks of all begin at multiples of it; of
 * selected rows it is about that many of a chunk. */
const nnt_dataset_shape *nnt_dataset_shape_of(const nnt_dataset *data);
/* Hands the class names over, as nnt_dataset_file_take_class_names. */
char **nnt_dataset_take_class_names(nnt_dataset *data);
/* "FILE", "FILE:GROUP", or the first of several and their number, for messages. */
const char *nnt_dataset_name(const nnt_dataset *data);
int nnt_dataset_files(const nnt_dataset *data);
/* Where the sample at a position stands, counted over all rows of all files. */
int64_t nnt_dataset_row(const nnt_dataset *data, int64_t position);

/* As of nnt_dataset_file; [first, first + count) may reach over several files. What lies between
 * selected rows is read, and checked, with them. */
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
