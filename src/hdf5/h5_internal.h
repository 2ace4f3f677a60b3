/* What the parts of h5 share: the handle, its open datasets, and errors. Included by h5*.c
 * alone, after hdf5.h. */
#ifndef NNT_HDF5_H5_INTERNAL_H
#define NNT_HDF5_H5_INTERNAL_H

#include <sys/types.h>

#include "hdf5/h5.h"

/* A dataset stays open between calls, so that its chunk cache does. */
#define H5_OPEN_DATASETS 4

typedef struct h5_open_dataset {
  char *path; /* owned; NULL: the slot is free */
  hid_t id;
  bool described; /* of a file that cannot change: its shape is known */
  nnt_h5_dataset shape;
} h5_open_dataset;

struct nnt_h5 {
  hid_t id;
  char *name;        /* owned; for messages */
  size_t user_block; /* bytes before the HDF5 part of an image */
  int write_reason;  /* errno of the first write that failed, 0: none */
  h5_open_dataset open[H5_OPEN_DATASETS];
  int next_slot; /* the one to give up when all are taken */
  dev_t device;  /* of an opened file: which one it is, and how long it was */
  ino_t inode;
  off_t length;
  bool read_only;
  bool collective;
  hid_t transfer; /* properties of reads */
};

/* Closes any kind of HDF5 object; H5I_INVALID_HID and H5P_DEFAULT are accepted. */
void h5_close_id(hid_t id);

/* The two innermost entries of HDF5's error stack: what the system or the file did. */
typedef struct h5_reason {
  char text[320];
  size_t used;
  int count;
} h5_reason;
h5_reason h5_read_error_stack(void);

/* Fills the error record with `what`, the file, `object` (may be NULL), HDF5's reason, and
 * `remedy`. To be called before any other HDF5 function, each of which clears HDF5's stack. */
nnt_status h5_fail(const nnt_h5 *file, nnt_status status, const char *what, const char *object,
                   const char *remedy, nnt_error *error);
/* The same for a failed write and a failed read. */
nnt_status h5_fail_write(const nnt_h5 *file, const char *object, nnt_error *error);
nnt_status h5_fail_read(const nnt_h5 *file, const char *object, nnt_error *error);

/* Makes a file opened with these properties be written with the driver of h5_driver.c; false
 * when HDF5 fails. */
bool h5_set_driver(nnt_h5 *file, hid_t access);
/* An error when a write to the file has failed, which HDF5 does not know. */
nnt_status h5_check_written(const nnt_h5 *file, const char *object,
                            nnt_error *error) NNT_MUST_CHECK;

/* Makes a file opened with these properties be read by all ranks together (h5_parallel.c). */
nnt_status h5_set_collective(nnt_h5 *file, nnt_comm *comm, hid_t access,
                             nnt_error *error) NNT_MUST_CHECK;

/* The HDF5 type of a type in memory. */
hid_t h5_native_type(nnt_h5_type type);

/* The dataset under `path`, opened at most once; borrowed. */
nnt_status h5_dataset(nnt_h5 *file, const char *path, hid_t *out, nnt_error *error) NNT_MUST_CHECK;
void h5_close_slot(h5_open_dataset *slot);
void h5_close_datasets(nnt_h5 *file);

/* Describes an open dataset. */
nnt_status h5_describe_id(const nnt_h5 *file, const char *path, hid_t dataset, nnt_h5_dataset *out,
                          nnt_error *error) NNT_MUST_CHECK;

/* Whether all files that a virtual data set is made of are there (h5_virtual.c); fine for others.
 */
nnt_status h5_check_sources(const nnt_h5 *file, const char *path, hid_t dataset,
                            nnt_error *error) NNT_MUST_CHECK;

/* Makes the selection of rows in the file and the shape of the memory that they fill, both
 * closed by the caller; false when HDF5 fails. */
bool h5_select_rows(const nnt_h5_dataset *shape, int64_t first, int64_t count, hid_t dataset,
                    hid_t *stored, hid_t *memory);

#endif
