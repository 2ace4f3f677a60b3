/* HDF5 files and images in memory: opening, creating, closing. */
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "hdf5/h5.h"
#include "hdf5/h5_internal.h"

#define CONVERSION_BUFFER ((size_t)1 << 15)

/* An image grows by this many bytes at a time. */
#define IMAGE_INCREMENT ((size_t)1 << 20)

/* --- handles --- */

static nnt_status make_handle(const char *name, nnt_h5 **out, nnt_error *error) {
  *out = NULL;
  nnt_h5 *file = calloc(1, sizeof *file);
  char *copy = strdup(name);
  if (file == NULL || copy == NULL) {
    free(file);
    free(copy);
    return nnt_fail_memory(error, sizeof *file, "an HDF5 file");
  }
  (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  file->id = H5I_INVALID_HID;
  file->name = copy;
  *out = file;
  return NNT_OK;
}

static void free_handle(nnt_h5 **file) {
  h5_close_id((*file)->transfer);
  free((*file)->name);
  free(*file);
  *file = NULL;
}

/* Access properties. Files have the format of HDF5 1.10, with checksums on all metadata; images
 * that of 1.8, as they have a checksum of their own. Newer formats can be read. */
static hid_t make_access(H5F_libver_t least, H5F_libver_t most) {
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (access > 0 && H5Pset_libver_bounds(access, least, most) < 0) {
    h5_close_id(access);
    access = H5I_INVALID_HID;
  }
  return access;
}

/* No timestamps, so that equal contents give equal bytes. */
static hid_t make_creation(size_t user_block) {
  hid_t creation = H5Pcreate(H5P_FILE_CREATE);
  if (creation > 0 &&
      (H5Pset_obj_track_times(creation, false) < 0 || H5Pset_userblock(creation, user_block) < 0)) {
    h5_close_id(creation);
    creation = H5I_INVALID_HID;
  }
  return creation;
}

/* Transfer properties. HDF5 clears its conversion buffer on every read: with the default of 1 MB
 * that takes longer than reading a few rows. */
static hid_t make_transfer(void) {
  hid_t transfer = H5Pcreate(H5P_DATASET_XFER);
  if (transfer > 0) (void)H5Pset_buffer(transfer, CONVERSION_BUFFER, NULL, NULL);
  return transfer;
}

/* --- opening --- */

/* Checks the path before HDF5 does, with better reasons. */
static nnt_status check_path(const char *path, struct stat *info, nnt_error *error) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const char *what = errno == ENOENT   ? "no such file"
                       : errno == EACCES ? "no permission to read this file"
                                         : "cannot open this file";
    return nnt_fail(error, NNT_BAD_INPUT, "%s\n%s: %s\ncheck the path", what, path,
                    strerror(errno));
  }
  int failed = fstat(descriptor, info);
  (void)close(descriptor);
  if (failed != 0 || !S_ISREG(info->st_mode))
    return nnt_fail(error, NNT_BAD_INPUT, "not a regular file\n%s%s\ncheck the path", path,
                    failed == 0 && S_ISDIR(info->st_mode) ? " is a directory" : "");
  if (info->st_size == 0)
    return nnt_fail(error, NNT_BAD_INPUT, "empty file\n%s\ncreate it again", path);
  return NNT_OK;
}

static nnt_status fail_open(const nnt_h5 *file, nnt_error *error) {
  h5_reason because = h5_read_error_stack();
  if (strstr(because.text, "lock file") != NULL)
    return nnt_fail(
        error, NNT_IO_ERROR,
        "cannot lock the file\n%.400s: HDF5 says %s\nclose the program that writes to it, "
        "or set HDF5_USE_FILE_LOCKING=FALSE if the file system has no locks",
        file->name, because.text);
  return nnt_fail(error, NNT_BAD_INPUT,
                  "truncated or damaged HDF5 file\n%.400s: HDF5 says %s\ncopy or create it again",
                  file->name, because.text);
}

/* Collective if `comm` is not NULL. */
static nnt_status open_file(const char *path, unsigned flags, nnt_comm *comm, nnt_h5 **out,
                            nnt_error *error) {
  struct stat info;
  nnt_h5 *file = NULL;
  *out = NULL;
  nnt_status status = check_path(path, &info, error);
  if (status == NNT_OK) status = make_handle(path, &file, error);
  if (comm != NULL) status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK) {
    if (file != NULL) free_handle(&file);
    return status;
  }
  file->device = info.st_dev;
  file->inode = info.st_ino;
  file->length = info.st_size;
  file->read_only = flags == H5F_ACC_RDONLY;
  file->transfer = make_transfer();
  hid_t access = make_access(H5F_LIBVER_V110, H5F_LIBVER_LATEST);
  htri_t is_hdf5 = H5Fis_hdf5(path);
  bool good = flags == H5F_ACC_RDONLY || h5_set_driver(file, access);
  if (comm != NULL) status = h5_set_collective(file, comm, access, error);
  if (status != NNT_OK) good = false;
  /* 0 means no; if negative, H5Fopen finds the reason. */
  if (good && is_hdf5 != 0) file->id = H5Fopen(path, flags, access);
  if (status == NNT_OK && is_hdf5 == 0)
    status = nnt_fail(error, NNT_BAD_INPUT,
                      "not an HDF5 file\n%s\ncreate one with 'nntrain convert'", path);
  else if (status == NNT_OK && file->id < 0)
    status = fail_open(file, error);
  h5_close_id(access);
  if (status != NNT_OK) {
    free_handle(&file);
    return status;
  }
  *out = file;
  return NNT_OK;
}

nnt_status nnt_h5_open(const char *path, nnt_h5 **out, nnt_error *error) {
  return open_file(path, H5F_ACC_RDONLY, NULL, out, error);
}

nnt_status nnt_h5_open_update(const char *path, nnt_h5 **out, nnt_error *error) {
  return open_file(path, H5F_ACC_RDWR, NULL, out, error);
}

nnt_status nnt_h5_open_collective(const char *path, nnt_comm *comm, nnt_h5 **out,
                                  nnt_error *error) {
  nnt_status status = open_file(path, H5F_ACC_RDONLY, comm, out, error);
  return nnt_comm_agree(comm, status, error);
}

nnt_status nnt_h5_check_length(const nnt_h5 *file, nnt_error *error) {
  struct stat info;
  bool there = stat(file->name, &info) == 0;
  if (!there || info.st_dev != file->device || info.st_ino != file->inode ||
      info.st_size >= file->length)
    return NNT_OK;
  return nnt_fail(error, NNT_IO_ERROR,
                  "the file was truncated while it was read\n%.400s: %lld bytes are left of %lld\n"
                  "create it again, then continue with --resume",
                  file->name, (long long)info.st_size, (long long)file->length);
}

/* Creates the file at `path`; closes `access`. */
static nnt_status create_file(nnt_h5 *file, const char *path, hid_t access, nnt_error *error) {
  nnt_status status = NNT_OK;
  hid_t creation = make_creation(file->user_block);
  if (creation >= 0) file->id = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
  if (file->id < 0 && file->write_reason != 0)
    status = nnt_fail(error, NNT_IO_ERROR, "cannot create an HDF5 file\n%.500s: %s\n%s", file->name,
                      strerror(file->write_reason),
                      "check that the directory exists, is writable and has free space");
  else if (file->id < 0)
    status = h5_fail(file, NNT_IO_ERROR, "cannot create an HDF5 file", NULL,
                     "check that the directory exists, is writable and has free space", error);
  h5_close_id(creation);
  h5_close_id(access);
  return status;
}

nnt_status nnt_h5_create(const char *path, nnt_h5 **out, nnt_error *error) {
  nnt_h5 *file = NULL;
  *out = NULL;
  nnt_status status = make_handle(path, &file, error);
  if (status != NNT_OK) return status;
  hid_t access = make_access(H5F_LIBVER_V110, H5F_LIBVER_V110);
  if (h5_set_driver(file, access)) {
    status = create_file(file, path, access, error);
  } else {
    status = h5_fail_write(file, NULL, error);
    h5_close_id(access);
  }
  if (status != NNT_OK)
    free_handle(&file);
  else
    *out = file;
  return status;
}

/* --- images --- */

/* To HDF5 two images of the same name are one file, so the name has the handle's address. */
static void image_name(const nnt_h5 *file, char *out, size_t size) {
  (void)snprintf(out, size, "image-%p", (const void *)file);
}

/* The superblock has the first version: H5Fget_file_image of HDF5 1.10 corrupts the checksum of
 * later ones. All other objects have the 1.8 format. */
nnt_status nnt_h5_create_image(const char *name, size_t user_block, nnt_h5 **out,
                               nnt_error *error) {
  nnt_h5 *file = NULL;
  char unique[64];
  *out = NULL;
  nnt_status status = make_handle(name, &file, error);
  if (status != NNT_OK) return status;
  file->user_block = user_block;
  image_name(file, unique, sizeof unique);
  hid_t access = make_access(H5F_LIBVER_EARLIEST, H5F_LIBVER_V18);
  if (H5Pset_fapl_core(access, IMAGE_INCREMENT, false) < 0) {
    status = h5_fail_write(file, NULL, error);
    h5_close_id(access);
  } else {
    status = create_file(file, unique, access, error);
  }
  if (status == NNT_OK && H5Fset_libver_bounds(file->id, H5F_LIBVER_V18, H5F_LIBVER_V18) < 0) {
    status = h5_fail_write(file, NULL, error);
    h5_close_id(file->id);
  }
  if (status != NNT_OK)
    free_handle(&file);
  else
    *out = file;
  return status;
}

/* HDF5 takes a void *, but only copies from it. */
static herr_t set_image(hid_t access, const void *bytes, size_t size) {
  union {
    const void *borrowed;
    void *as_hdf5_wants;
  } image = {.borrowed = bytes};
  return H5Pset_file_image(access, image.as_hdf5_wants, size);
}

nnt_status nnt_h5_open_image(const char *name, const void *bytes, size_t size, nnt_h5 **out,
                             nnt_error *error) {
  nnt_h5 *file = NULL;
  char unique[64];
  *out = NULL;
  nnt_status status = make_handle(name, &file, error);
  if (status != NNT_OK) return status;
  image_name(file, unique, sizeof unique);
  hid_t access = make_access(H5F_LIBVER_V18, H5F_LIBVER_V18);
  if (access >= 0 && H5Pset_fapl_core(access, IMAGE_INCREMENT, false) >= 0 &&
      set_image(access, bytes, size) >= 0)
    file->id = H5Fopen(unique, H5F_ACC_RDONLY, access);
  if (file->id < 0) status = fail_open(file, error);
  h5_close_id(access);
  if (status != NNT_OK)
    free_handle(&file);
  else
    *out = file;
  return status;
}

nnt_status nnt_h5_image(nnt_h5 *file, void **bytes, size_t *size, nnt_error *error) {
  *bytes = NULL;
  *size = 0;
  h5_close_datasets(file);
  if (H5Fflush(file->id, H5F_SCOPE_GLOBAL) < 0) return h5_fail_write(file, NULL, error);
  /* HDF5 omits the user block. */
  ssize_t length = H5Fget_file_image(file->id, NULL, 0);
  if (length <= 0) return h5_fail_write(file, NULL, error);
  size_t whole = file->user_block + (size_t)length;
  nnt_status status = nnt_memory_allocate(whole, "an HDF5 file in memory", bytes, error);
  if (status != NNT_OK) return status;
  char *image = (char *)*bytes + file->user_block;
  if (H5Fget_file_image(file->id, image, (size_t)length) != length ||
      memcmp(image, "\211HDF\r\n\032\n", 8) != 0) {
    status = h5_fail_write(file, NULL, error);
    nnt_memory_free(bytes);
    return status;
  }
  *size = whole;
  return NNT_OK;
}

/* --- closing --- */

nnt_status nnt_h5_close(nnt_h5 **file, nnt_error *error) {
  nnt_status status = NNT_OK;
  h5_close_datasets(*file);
  if (H5Fclose((*file)->id) < 0) status = h5_fail_write(*file, NULL, error);
  if (status == NNT_OK) status = h5_check_written(*file, NULL, error);
  free_handle(file);
  return status;
}

void nnt_h5_destroy(nnt_h5 **file) {
  if (*file == NULL) return;
  nnt_status ignored = nnt_h5_close(file, NULL);
  (void)ignored;
}
