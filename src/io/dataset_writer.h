/* Writing a data set: x, y and class names, block by block, into a file's root or a group.
 *
 * The file is whole or not there (atomic_file.h). An existing one keeps what is in its other
 * groups. Errors: NNT_BAD_INPUT when something is in the way, NNT_IO_ERROR. */
#ifndef NNT_IO_DATASET_WRITER_H
#define NNT_IO_DATASET_WRITER_H

#include <nntrain/convert.h>
#include <nntrain/status.h>
#include <stdint.h>

#include "hdf5/h5.h"

typedef struct nnt_dataset_writer nnt_dataset_writer;

/* Types and shapes; the first dimension of both is the samples, and its value is ignored. */
typedef struct nnt_dataset_layout {
  nnt_h5_type x_type;
  int x_rank;
  int64_t x_dims[NNT_H5_MAX_RANK];
  nnt_h5_type y_type;
  int y_rank;
  int64_t y_dims[2];
} nnt_dataset_layout;

/* Refuses a place that holds a data set already, unless output->force. `output` is borrowed for
 * the writer's life. */
nnt_status nnt_dataset_writer_begin(const nnt_convert_output *output,
                                    const nnt_dataset_layout *layout, nnt_dataset_writer **out,
                                    nnt_error *error) NNT_MUST_CHECK;
/* The samples of one block: every call of nnt_dataset_writer_add but the last takes so many. */
int64_t nnt_dataset_writer_block(const nnt_dataset_writer *writer);
nnt_status nnt_dataset_writer_add(nnt_dataset_writer *writer, int64_t count, const void *x,
                                  const void *y, nnt_error *error) NNT_MUST_CHECK;
/* Replaces every y, an NNT_H5_I32 vector, by map[y]. */
nnt_status nnt_dataset_writer_remap(nnt_dataset_writer *writer, const int32_t *map,
                                    nnt_error *error) NNT_MUST_CHECK;
/* Stores the class names (NULL: none), ends the file and puts it in place. The writer is gone,
 * and on failure all it has written. */
nnt_status nnt_dataset_writer_commit(nnt_dataset_writer **writer, char *const *class_names,
                                     int64_t class_name_count, nnt_error *error) NNT_MUST_CHECK;
/* Leaves nothing behind; NULL in it is accepted. */
void nnt_dataset_writer_abandon(nnt_dataset_writer **writer);

#endif
