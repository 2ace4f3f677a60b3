/* Virtual datasets: where a source file is missing, HDF5 silently reads fill values. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hdf5/h5.h"
#include "hdf5/h5_internal.h"

/* Searches as HDF5 does: an absolute name as it is, then in HDF5_VDS_PREFIX, in the directory of
 * the virtual dataset, and in the working directory (H5Pset_virtual_prefix). */
static bool find_source(const nnt_h5 *file, const char *source, char *path, size_t size) {
  const char *prefix = getenv("HDF5_VDS_PREFIX");
  const char *slash = strrchr(file->name, '/');
  int directory = slash != NULL ? (int)(slash - file->name) + 1 : 0;
  const char *last = strrchr(source, '/');
  (void)snprintf(path, size, "%s", source);
  if (source[0] == '/' && access(path, R_OK) == 0) return true;
  const char *name = source[0] == '/' ? last + 1 : source;
  if (prefix != NULL && prefix[0] != '\0') {
    const char *origin = strncmp(prefix, "${ORIGIN}", 9) == 0 ? prefix + 9 : NULL;
    (void)snprintf(path, size, "%.*s%s/%s", origin != NULL ? directory : 0, file->name,
                   origin != NULL ? origin : prefix, name);
    if (access(path, R_OK) == 0) return true;
  }
  (void)snprintf(path, size, "%.*s%s", directory, file->name, name);
  if (access(path, R_OK) == 0) return true;
  (void)snprintf(path, size, "%s", name);
  return access(path, R_OK) == 0;
}

static bool has_dataset(const char *path, const char *dataset) {
  hid_t source = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  bool found = source >= 0 && H5Oexists_by_name(source, dataset, H5P_DEFAULT) > 0;
  h5_close_id(source);
  return found;
}

static nnt_status check_source(const nnt_h5 *file, const char *path, hid_t creation, size_t index,
                               nnt_error *error) {
  char name[1024], dataset[1024], place[2048];
  if (H5Pget_virtual_filename(creation, index, name, sizeof name) < 0 ||
      H5Pget_virtual_dsetname(creation, index, dataset, sizeof dataset) < 0)
    return h5_fail_read(file, path, error);
  /* "." is the file itself; a '%' stands for the number of a block, of any number of blocks. */
  if (strcmp(name, ".") == 0 || strchr(name, '%') != NULL || strchr(dataset, '%') != NULL)
    return NNT_OK;
  if (!find_source(file, name, place, sizeof place))
    return nnt_fail(
        error, NNT_BAD_INPUT,
        "a source file of a virtual dataset is missing\n%.200s, %.100s: %.200s\nput it beside "
        "the virtual dataset, or set HDF5_VDS_PREFIX to its directory",
        file->name, path, name);
  if (!has_dataset(place, dataset))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "a source file of a virtual dataset lacks its dataset\n%.200s, %.100s: dataset "
                    "%.100s of %.200s\ncheck that file with 'h5ls -r'",
                    file->name, path, dataset, place);
  return NNT_OK;
}

nnt_status h5_check_sources(const nnt_h5 *file, const char *path, hid_t dataset, nnt_error *error) {
  size_t count = 0;
  hid_t creation = H5Dget_create_plist(dataset);
  nnt_status status = NNT_OK;
  if (H5Pget_layout(creation) == H5D_VIRTUAL && H5Pget_virtual_count(creation, &count) < 0)
    status = h5_fail_read(file, path, error);
  for (size_t i = 0; i < count && status == NNT_OK; ++i)
    status = check_source(file, path, creation, i, error);
  h5_close_id(creation);
  return status;
}
