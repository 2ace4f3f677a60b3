/* Writing a data set: x, y and class names, block by block, into a file's root or a group.
 *
 * The file is written atomically (atomic_file.h). An existing one keeps its other groups. Errors:
 * NNT_BAD_INPUT if the output already exists, NNT_IO_ERROR. */
#ifndef NNT_IO_DATASET_WRITER_H
#define NNT_IO_DATASET_WRITER_H

#include <nntrain/convert.h>
#include <nntrain/status.h>
#include <stdint.h>

#include "hdf5/h5.h"

typedef struct nnt_dataset_writer nnt_dataset_writer;

/* Types and shapes; the first dimension of both, the samples, is ignored. */
typedef struct nnt_dataset_layout {
  nnt_h5_type x_type;
  int x_rank;
  int64_t x_dims[NNT_H5_MAX_RANK];
  nnt_h5_type y_type;
  int y_rank;
  int64_t y_dims[2];
} nnt_dataset_layout;

/* Refuses to replace a data set unless output->force. `output` is borrowed for the lifetime of the
 * writer. */
nnt_status nnt_dataset_writer_begin(const nnt_convert_output *output,
                                    const nnt_dataset_layout *layout, nnt_dataset_writer **out,
                                    nnt_error *error) NNT_MUST_CHECK;
/* Samples per block: every call of nnt_dataset_writer_add but the last adds that many. */
int64_t nnt_dataset_writer_block(const nnt_dataset_writer *writer);
nnt_status nnt_dataset_writer_add(nnt_dataset_writer *writer, int64_t count, const void *x,
                                  const void *y, nnt_error *error) NNT_MUST_CHECK;
/* Replaces each element of y, a vector of NNT_H5_I32, by map[y]. */
nnt_status nnt_dataset_writer_remap(nnt_dataset_writer *writer, const int32_t *map,
                                    nnt_error *error) NNT_MUST_CHECK;
/* Writes the class names (NULL: none) and gives the file its final name. Destroys the writer; on
 * failure nothing that it has written remains. */
nnt_status nnt_dataset_writer_commit(nnt_dataset_writer **writer, char *const *class_names,
                                     int64_t class_name_count, nnt_error *error) NNT_MUST_CHECK;
/* Removes what was written and destroys the writer; *writer may be NULL. */
void nnt_dataset_writer_abandon(nnt_dataset_writer **writer);

#endif
