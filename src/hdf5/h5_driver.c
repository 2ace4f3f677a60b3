/* The virtual file driver for writing, which hides failed writes from HDF5.
 *
 * HDF5 1.10 crashes at exit, or in MPI_Finalize, if an object could not be closed because its data
 * could not be written: the disk is full, the quota exceeded. So this driver keeps the errno of the
 * first failure and drops all later writes, and h5_check_written turns the errno into an error. */
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if H5_VERSION_GE(1, 14, 0)
#include <H5FDdevelop.h>
#endif

#include "hdf5/h5.h"
#include "hdf5/h5_internal.h"

typedef struct driver_file {
  H5FD_t base; /* HDF5's part, first */
  int descriptor;
  haddr_t allocated; /* HDF5's end of allocated space */
  haddr_t end;       /* end of the file */
  int *reason;       /* borrowed; errno of the first failure, 0: none */
} driver_file;

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t access, haddr_t limit) {
  int mode = (flags & H5F_ACC_RDWR) != 0 ? O_RDWR : O_RDONLY;
  struct stat info;
  (void)limit;
  int *const *reason = H5Pget_driver_info(access);
  driver_file *file = calloc(1, sizeof *file);
  if (reason == NULL || file == NULL) {
    free(file);
    return NULL;
  }
  if ((flags & H5F_ACC_TRUNC) != 0) mode |= O_TRUNC;
  if ((flags & H5F_ACC_CREAT) != 0) mode |= O_CREAT;
  if ((flags & H5F_ACC_EXCL) != 0) mode |= O_EXCL;
  file->reason = *reason;
  file->descriptor = open(name, mode | O_CLOEXEC, 0666);
  if (file->descriptor < 0 || fstat(file->descriptor, &info) != 0) {
    *file->reason = errno;
    if (file->descriptor >= 0) (void)close(file->descriptor);
    free(file);
    return NULL;
  }
  *file->reason = 0;
  file->end = (haddr_t)info.st_size;
  return &file->base;
}

static herr_t driver_close(H5FD_t *base) {
  driver_file *file = (driver_file *)base;
  if (close(file->descriptor) != 0 && *file->reason == 0) *file->reason = errno;
  free(file);
  return 0;
}

static herr_t driver_query(const H5FD_t *base, unsigned long *flags) {
  (void)base;
  if (flags != NULL)
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

static haddr_t driver_get_allocated(const H5FD_t *base, H5FD_mem_t type) {
  (void)type;
  return ((const driver_file *)base)->allocated;
}

static herr_t driver_set_allocated(H5FD_t *base, H5FD_mem_t type, haddr_t address) {
  (void)type;
  ((driver_file *)base)->allocated = address;
  return 0;
}

static haddr_t driver_get_end(const H5FD_t *base, H5FD_mem_t type) {
  (void)type;
  return ((const driver_file *)base)->end;
}

/* Past the end of the file there are zeros. */
static herr_t driver_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address,
                          size_t size, void *buffer) {
  driver_file *file = (driver_file *)base;
  char *next = buffer;
  (void)type;
  (void)transfer;
  while (size > 0) {
    ssize_t count = pread(file->descriptor, next, size, (off_t)address);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) {
      memset(next, 0, size);
      return 0;
    }
    next += count;
    address += (haddr_t)count;
    size -= (size_t)count;
  }
  return 0;
}

static herr_t driver_write(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address,
                           size_t size, const void *buffer) {
  driver_file *file = (driver_file *)base;
  const char *next = buffer;
  (void)type;
  (void)transfer;
  if (address + size > file->end) file->end = address + size;
  while (size > 0 && *file->reason == 0) {
    ssize_t count = pwrite(file->descriptor, next, size, (off_t)address);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      *file->reason = errno;
      break;
    }
    next += count;
    address += (haddr_t)count;
    size -= (size_t)count;
  }
  return 0;
}

static herr_t driver_truncate(H5FD_t *base, hid_t transfer, hbool_t closing) {
  driver_file *file = (driver_file *)base;
  (void)transfer;
  (void)closing;
  if (file->end == file->allocated) return 0;
  if (*file->reason == 0 && ftruncate(file->descriptor, (off_t)file->allocated) != 0)
    *file->reason = errno;
  file->end = file->allocated;
  return 0;
}

static const H5FD_class_t driver = {
#if H5_VERSION_GE(1, 14, 0)
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)600,
#endif
    .name = "nntrain",
    .maxaddr = (haddr_t)1 << 62,
    .fc_degree = H5F_CLOSE_WEAK,
    .fapl_size = sizeof(int *),
    .open = driver_open,
    .close = driver_close,
    .query = driver_query,
    .get_eoa = driver_get_allocated,
    .set_eoa = driver_set_allocated,
    .get_eof = driver_get_end,
    .read = driver_read,
    .write = driver_write,
    .truncate = driver_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

bool h5_set_driver(nnt_h5 *file, hid_t access) {
  int *reason = &file->write_reason;
  hid_t id = H5FDregister(&driver);
  bool good = id >= 0 && H5Pset_driver(access, id, &reason) >= 0;
  /* The property list keeps its own reference. */
  h5_close_id(id);
  return good;
}

nnt_status h5_check_written(const nnt_h5 *file, const char *object, nnt_error *error) {
  if (file->write_reason == 0) return NNT_OK;
  return nnt_fail(
      error, NNT_IO_ERROR,
      "writing an HDF5 file failed\n%.400s%s%.160s: %s\ncheck the free space, the quota "
      "and the permissions",
      file->name, object != NULL ? ", " : "", object != NULL ? object : "",
      strerror(file->write_reason));
}
