/* The handle, its open datasets, and errors: shared by h5*.c only, which include it after
 * hdf5.h. */
#ifndef NNT_HDF5_H5_INTERNAL_H
#define NNT_HDF5_H5_INTERNAL_H

#include <sys/types.h>

#include "hdf5/h5.h"

/* Datasets stay open between calls, to keep their chunk caches. */
#define H5_OPEN_DATASETS 4

typedef struct h5_open_dataset {
  char *path; /* owned; NULL: the slot is free */
  hid_t id;
  bool described; /* `shape` is valid: the file is read-only */
  nnt_h5_dataset shape;
} h5_open_dataset;

struct nnt_h5 {
  hid_t id;
  char *name;        /* owned; for messages */
  size_t user_block; /* bytes before the HDF5 part of an image */
  int write_reason;  /* errno of the first write that failed, 0: none */
  h5_open_dataset open[H5_OPEN_DATASETS];
  int next_slot; /* the next one to reuse */
  dev_t device;  /* identity and length when it was opened */
  ino_t inode;
  off_t length;
  bool read_only;
  bool collective;
  hid_t transfer; /* transfer properties of reads */
};

/* Closes any kind of HDF5 object; H5I_INVALID_HID and H5P_DEFAULT are accepted. */
void h5_close_id(hid_t id);

/* The two innermost entries of HDF5's error stack, which give the reason. */
typedef struct h5_reason {
  char text[320];
  size_t used;
  int count;
} h5_reason;
h5_reason h5_read_error_stack(void);

/* Fills the error record with `what`, the file, `object` (may be NULL), HDF5's reason, and
 * `remedy`. Call it before any other HDF5 function, as each of them clears the stack. */
nnt_status h5_fail(const nnt_h5 *file, nnt_status status, const char *what, const char *object,
                   const char *remedy, nnt_error *error);
/* For a failed write and a failed read. */
nnt_status h5_fail_write(const nnt_h5 *file, const char *object, nnt_error *error);
nnt_status h5_fail_read(const nnt_h5 *file, const char *object, nnt_error *error);

/* Selects the driver of h5_driver.c in the access properties; false if HDF5 fails. */
bool h5_set_driver(nnt_h5 *file, hid_t access);
/* An error if a write to the file has failed, of which HDF5 does not know. */
nnt_status h5_check_written(const nnt_h5 *file, const char *object,
                            nnt_error *error) NNT_MUST_CHECK;

/* Selects collective reads in the access properties (h5_collective.c). */
nnt_status h5_set_collective(nnt_h5 *file, nnt_comm *comm, hid_t access,
                             nnt_error *error) NNT_MUST_CHECK;

/* The HDF5 type of a type in memory. */
hid_t h5_native_type(nnt_h5_type type);

/* The dataset at `path`, kept open; borrowed. */
nnt_status h5_dataset(nnt_h5 *file, const char *path, hid_t *out, nnt_error *error) NNT_MUST_CHECK;
void h5_close_slot(h5_open_dataset *slot);
void h5_close_datasets(nnt_h5 *file);

/* Describes an open dataset. */
nnt_status h5_describe_id(const nnt_h5 *file, const char *path, hid_t dataset, nnt_h5_dataset *out,
                          nnt_error *error) NNT_MUST_CHECK;

/* Whether all source files of a virtual dataset exist (h5_virtual.c); NNT_OK for others. */
nnt_status h5_check_sources(const nnt_h5 *file, const char *path, hid_t dataset,
                            nnt_error *error) NNT_MUST_CHECK;

/* The dataspaces of these rows in the file and in memory, both closed by the caller; false if HDF5
 * fails. */
bool h5_select_rows(const nnt_h5_dataset *shape, int64_t first, int64_t count, hid_t dataset,
                    hid_t *stored, hid_t *memory);

#endif
