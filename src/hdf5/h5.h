/* HDF5, the only room that includes hdf5.h.
 *
 * Objects are named by their path inside the file. Errors: NNT_BAD_INPUT where the file is not
 * what it should be, NNT_IO_ERROR where the system refuses; HDF5's own error stack is walked
 * into `where`. Local to the rank, unless said otherwise. HDF5 is not for several threads at once,
 * not even on different files: the callers see to that. */
#ifndef NNT_HDF5_H5_H
#define NNT_HDF5_H5_H

#include <nntrain/comm.h>
#include <nntrain/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NNT_H5_MAX_RANK 8

/* Types in memory; HDF5 converts from and to the stored type. */
typedef enum nnt_h5_type {
  NNT_H5_U8,
  NNT_H5_I8,
  NNT_H5_U16,
  NNT_H5_I16,
  NNT_H5_U32,
  NNT_H5_I32,
  NNT_H5_I64,
  NNT_H5_U64,
  NNT_H5_F32,
  NNT_H5_F64
} nnt_h5_type;

typedef enum nnt_h5_class { NNT_H5_INTEGER, NNT_H5_FLOAT, NNT_H5_OTHER } nnt_h5_class;

/* What is stored under a name. */
typedef struct nnt_h5_dataset {
  nnt_h5_class kind;
  bool is_signed;
  size_t element_bytes;
  int rank;
  int64_t dims[NNT_H5_MAX_RANK];
  int64_t chunk_rows; /* rows (first dimension) of a chunk, 0 when not chunked */
} nnt_h5_dataset;

typedef struct nnt_h5 nnt_h5;

/* --- files; `out` is NULL on failure --- */

/* An existing file, read-only. */
nnt_status nnt_h5_open(const char *path, nnt_h5 **out, nnt_error *error) NNT_MUST_CHECK;
/* The same by all ranks of `comm` together: collective, and so are closing it and reading rows, for
 * which a rank may give a count of 0; all other calls stay local. */
nnt_status nnt_h5_open_collective(const char *path, nnt_comm *comm, nnt_h5 **out,
                                  nnt_error *error) NNT_MUST_CHECK;
/* Whether this HDF5 has it. Errors: NNT_BAD_USAGE. */
nnt_status nnt_h5_can_collective(nnt_error *error) NNT_MUST_CHECK;
/* Whether the file still is as long as it was when it was opened: HDF5 reads what was cut off as
 * zeros, without a word. A file that was replaced by another is fine. Errors: NNT_IO_ERROR. */
nnt_status nnt_h5_check_length(const nnt_h5 *file, nnt_error *error) NNT_MUST_CHECK;
/* An existing file, for adding to it. */
nnt_status nnt_h5_open_update(const char *path, nnt_h5 **out, nnt_error *error) NNT_MUST_CHECK;
/* A new file; an existing one is replaced. */
nnt_status nnt_h5_create(const char *path, nnt_h5 **out, nnt_error *error) NNT_MUST_CHECK;
/* A file that exists only in memory, written with nnt_h5_image. Its first `user_block` bytes
 * (0, or a power of two from 512) are left to the caller. `name` is used in messages. */
nnt_status nnt_h5_create_image(const char *name, size_t user_block, nnt_h5 **out,
                               nnt_error *error) NNT_MUST_CHECK;
/* A file held in memory, read-only; the bytes are copied. `name` is used in messages. */
nnt_status nnt_h5_open_image(const char *name, const void *bytes, size_t size, nnt_h5 **out,
                             nnt_error *error) NNT_MUST_CHECK;
/* The bytes of a file made with nnt_h5_create_image, as they would lie on disk; *bytes is owned
 * by the caller, freed with nnt_memory_free. */
nnt_status nnt_h5_image(nnt_h5 *file, void **bytes, size_t *size, nnt_error *error) NNT_MUST_CHECK;
/* Flushes and closes; the handle is gone also on failure. */
nnt_status nnt_h5_close(nnt_h5 **file, nnt_error *error) NNT_MUST_CHECK;
/* Closes without looking at the result; for cleaning up. NULL in it is accepted. */
void nnt_h5_destroy(nnt_h5 **file);
/* The name given at opening; for messages. */
const char *nnt_h5_name(const nnt_h5 *file);

/* --- reading --- */

/* Whether something (group or dataset) lies under this path. */
bool nnt_h5_exists(nnt_h5 *file, const char *path);
bool nnt_h5_is_dataset(nnt_h5 *file, const char *path);
nnt_status nnt_h5_describe(nnt_h5 *file, const char *path, nnt_h5_dataset *out,
                           nnt_error *error) NNT_MUST_CHECK;
/* Rows [first, first + count) of the first dimension, all other dimensions whole, row-major,
 * converted to `type`, into `out`, borrowed, of the right size. Ranks of 1 and more. */
nnt_status nnt_h5_read_rows(nnt_h5 *file, const char *path, int64_t first, int64_t count,
                            nnt_h5_type type, void *out, nnt_error *error) NNT_MUST_CHECK;

/* Attributes of a group or dataset. */
bool nnt_h5_has_attribute(nnt_h5 *file, const char *path, const char *name);
nnt_status nnt_h5_get_int(nnt_h5 *file, const char *path, const char *name, int64_t *out,
                          nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_h5_get_real(nnt_h5 *file, const char *path, const char *name, double *out,
                           nnt_error *error) NNT_MUST_CHECK;
/* A string of fixed or variable length; *out is owned by the caller, freed with free(). */
nnt_status nnt_h5_get_string(nnt_h5 *file, const char *path, const char *name, char **out,
                             nnt_error *error) NNT_MUST_CHECK;
/* A list of strings (one dimension, fixed or variable length); *out is one allocation that
 * holds pointers and texts, freed with free(). */
nnt_status nnt_h5_get_strings(nnt_h5 *file, const char *path, const char *name, char ***out,
                              int64_t *count, nnt_error *error) NNT_MUST_CHECK;

/* Calls `visit` for every dataset below `group`, in the order of their paths. */
typedef nnt_status (*nnt_h5_visitor)(void *context, const char *path, const nnt_h5_dataset *dataset,
                                     nnt_error *error);
nnt_status nnt_h5_visit(nnt_h5 *file, const char *group, nnt_h5_visitor visit, void *context,
                        nnt_error *error) NNT_MUST_CHECK;

/* --- writing --- */

/* A group and the groups above it; existing ones are kept. */
nnt_status nnt_h5_make_group(nnt_h5 *file, const char *path, nnt_error *error) NNT_MUST_CHECK;
/* Takes away a dataset, or a group with all that is in it; nothing there is fine. */
nnt_status nnt_h5_remove(nnt_h5 *file, const char *path, nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_h5_remove_attribute(nnt_h5 *file, const char *path, const char *name,
                                   nnt_error *error) NNT_MUST_CHECK;
/* A whole dataset at once, contiguous. */
nnt_status nnt_h5_write(nnt_h5 *file, const char *path, nnt_h5_type type, int rank,
                        const int64_t *dims, const void *data, nnt_error *error) NNT_MUST_CHECK;
/* An empty dataset that grows along its first dimension (dims[0] is ignored), chunked;
 * deflate_level 0 (none) to 9, with shuffle. */
nnt_status nnt_h5_make_growing(nnt_h5 *file, const char *path, nnt_h5_type type, int rank,
                               const int64_t *dims, int64_t chunk_rows, int deflate_level,
                               nnt_error *error) NNT_MUST_CHECK;
/* Overwrites rows [first, first + count); a growing dataset is extended to hold them. */
nnt_status nnt_h5_write_rows(nnt_h5 *file, const char *path, int64_t first, int64_t count,
                             nnt_h5_type type, const void *data, nnt_error *error) NNT_MUST_CHECK;
/* Attributes of an existing group or dataset; one of the same name is replaced. */
nnt_status nnt_h5_set_int(nnt_h5 *file, const char *path, const char *name, int64_t value,
                          nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_h5_set_real(nnt_h5 *file, const char *path, const char *name, double value,
                           nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_h5_set_string(nnt_h5 *file, const char *path, const char *name, const char *value,
                             nnt_error *error) NNT_MUST_CHECK;
/* Variable-length UTF-8, as h5py writes a list of str. */
nnt_status nnt_h5_set_strings(nnt_h5 *file, const char *path, const char *name, char *const *values,
                              int64_t count, nnt_error *error) NNT_MUST_CHECK;

#endif
