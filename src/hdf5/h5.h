/* HDF5 files. Only this directory includes hdf5.h.
 *
 * Objects are named by their path in the file. Errors: NNT_BAD_INPUT if the contents of the file
 * are wrong, NNT_IO_ERROR if the system reports an error; `where` includes HDF5's error stack.
 * Not collective unless stated otherwise. HDF5 is not thread-safe, not even for different files:
 * callers serialise their calls. */
#ifndef NNT_HDF5_H5_H
#define NNT_HDF5_H5_H

#include <nntrain/comm.h>
#include <nntrain/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NNT_H5_MAX_RANK 8

/* Types in memory; HDF5 converts to and from the stored type. */
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

/* Type and shape of a stored dataset. */
typedef struct nnt_h5_dataset {
  nnt_h5_class kind;
  bool is_signed;
  size_t element_bytes;
  int rank;
  int64_t dims[NNT_H5_MAX_RANK];
  int64_t chunk_rows; /* rows (first dimension) per chunk, 0 if not chunked */
} nnt_h5_dataset;

typedef struct nnt_h5 nnt_h5;

/* --- files; `out` is NULL on failure --- */

/* Opens an existing file, read-only. */
nnt_status nnt_h5_open(const char *path, nnt_h5 **out, nnt_error *error) NNT_MUST_CHECK;
/* Opens it on all ranks of `comm`: collective. Closing the file and reading rows are then
 * collective as well, where a rank may pass a count of 0; all other calls remain local. */
nnt_status nnt_h5_open_collective(const char *path, nnt_comm *comm, nnt_h5 **out,
                                  nnt_error *error) NNT_MUST_CHECK;
/* NNT_OK if HDF5 supports collective I/O (parallel HDF5), else NNT_BAD_USAGE. */
nnt_status nnt_h5_can_collective(nnt_error *error) NNT_MUST_CHECK;
/* NNT_IO_ERROR if the file has become shorter since it was opened: HDF5 silently reads zeros past
 * the end. A file that was replaced by another is fine. */
nnt_status nnt_h5_check_length(const nnt_h5 *file, nnt_error *error) NNT_MUST_CHECK;
/* Opens an existing file for update. */
nnt_status nnt_h5_open_update(const char *path, nnt_h5 **out, nnt_error *error) NNT_MUST_CHECK;
/* Creates a file, replacing an existing one. */
nnt_status nnt_h5_create(const char *path, nnt_h5 **out, nnt_error *error) NNT_MUST_CHECK;
/* Creates a file in memory only, whose bytes nnt_h5_image returns. The first `user_block` bytes
 * (0, or a power of two from 512) are reserved for the caller. `name` is used in messages. */
nnt_status nnt_h5_create_image(const char *name, size_t user_block, nnt_h5 **out,
                               nnt_error *error) NNT_MUST_CHECK;
/* Opens a file in memory, read-only; the bytes are copied. `name` is used in messages. */
nnt_status nnt_h5_open_image(const char *name, const void *bytes, size_t size, nnt_h5 **out,
                             nnt_error *error) NNT_MUST_CHECK;
/* The bytes of a file created with nnt_h5_create_image, as they would be on disk; *bytes is owned
 * by the caller, freed with nnt_memory_free. */
nnt_status nnt_h5_image(nnt_h5 *file, void **bytes, size_t *size, nnt_error *error) NNT_MUST_CHECK;
/* Flushes and closes; the handle is destroyed even on failure. */
nnt_status nnt_h5_close(nnt_h5 **file, nnt_error *error) NNT_MUST_CHECK;
/* Closes and ignores errors, for clean-up. *file may be NULL. */
void nnt_h5_destroy(nnt_h5 **file);
/* The name passed on opening; for messages. */
const char *nnt_h5_name(const nnt_h5 *file);

/* --- reading --- */

/* Whether a group or dataset exists at this path. */
bool nnt_h5_exists(nnt_h5 *file, const char *path);
bool nnt_h5_is_dataset(nnt_h5 *file, const char *path);
nnt_status nnt_h5_describe(nnt_h5 *file, const char *path, nnt_h5_dataset *out,
                           nnt_error *error) NNT_MUST_CHECK;
/* Reads rows [first, first + count) of the first dimension, with all other dimensions complete,
 * row-major and converted to `type`, into `out`. The dataset has at least one dimension. */
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
/* A list of strings (one dimension, fixed or variable length); *out is one allocation of pointers
 * and strings, freed with free(). */
nnt_status nnt_h5_get_strings(nnt_h5 *file, const char *path, const char *name, char ***out,
                              int64_t *count, nnt_error *error) NNT_MUST_CHECK;

/* Calls `visit` for every dataset below `group`, in the order of their paths. */
typedef nnt_status (*nnt_h5_visitor)(void *context, const char *path, const nnt_h5_dataset *dataset,
                                     nnt_error *error);
nnt_status nnt_h5_visit(nnt_h5 *file, const char *group, nnt_h5_visitor visit, void *context,
                        nnt_error *error) NNT_MUST_CHECK;

/* --- writing --- */

/* Creates a group and its parents; existing ones are kept. */
nnt_status nnt_h5_make_group(nnt_h5 *file, const char *path, nnt_error *error) NNT_MUST_CHECK;
/* Removes a dataset, or a group with its contents; it need not exist. */
nnt_status nnt_h5_remove(nnt_h5 *file, const char *path, nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_h5_remove_attribute(nnt_h5 *file, const char *path, const char *name,
                                   nnt_error *error) NNT_MUST_CHECK;
/* Writes a whole dataset, contiguous. */
nnt_status nnt_h5_write(nnt_h5 *file, const char *path, nnt_h5_type type, int rank,
                        const int64_t *dims, const void *data, nnt_error *error) NNT_MUST_CHECK;
/* Creates an empty, chunked dataset that grows along its first dimension (dims[0] is ignored);
 * gzip_level 0 (none) to 9, with shuffle. */
nnt_status nnt_h5_make_growing(nnt_h5 *file, const char *path, nnt_h5_type type, int rank,
                               const int64_t *dims, int64_t chunk_rows, int gzip_level,
                               nnt_error *error) NNT_MUST_CHECK;
/* Overwrites rows [first, first + count); a growing dataset is extended as needed. */
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
