/* Writing HDF5 groups and datasets. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "hdf5/h5.h"
#include "hdf5/h5_internal.h"

/* --- groups --- */

/* Creates one group whose parents exist. */
static nnt_status make_one_group(nnt_h5 *file, const char *path, nnt_error *error) {
  if (nnt_h5_is_dataset(file, path))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "there is a dataset in place of a group\n%.400s, %.160s\nchoose another group",
                    file->name, path);
  if (nnt_h5_exists(file, path)) return NNT_OK;
  hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
  hid_t group = H5I_INVALID_HID;
  if (H5Pset_obj_track_times(creation, false) >= 0)
    group = H5Gcreate2(file->id, path, H5P_DEFAULT, creation, H5P_DEFAULT);
  nnt_status status = group < 0 ? h5_fail_write(file, path, error) : NNT_OK;
  h5_close_id(group);
  h5_close_id(creation);
  return status;
}

static nnt_status make_parents(nnt_h5 *file, const char *path, nnt_error *error) {
  char *copy = strdup(path);
  if (copy == NULL) return nnt_fail_memory(error, strlen(path), "the name of a group");
  nnt_status status = NNT_OK;
  for (char *c = copy; *c != '\0' && status == NNT_OK; ++c) {
    if (*c != '/' || c == copy) continue;
    *c = '\0';
    status = make_one_group(file, copy, error);
    *c = '/';
  }
  free(copy);
  return status;
}

nnt_status nnt_h5_make_group(nnt_h5 *file, const char *path, nnt_error *error) {
  nnt_status status = make_parents(file, path, error);
  return status == NNT_OK ? make_one_group(file, path, error) : status;
}

nnt_status nnt_h5_remove(nnt_h5 *file, const char *path, nnt_error *error) {
  h5_close_datasets(file);
  if (nnt_h5_exists(file, path) && H5Ldelete(file->id, path, H5P_DEFAULT) < 0)
    return h5_fail_write(file, path, error);
  return NNT_OK;
}

/* --- datasets --- */

/* Creates a dataset and its parent groups, which HDF5 itself would give timestamps; closes
 * `creation`. */
static nnt_status create_dataset(nnt_h5 *file, const char *path, nnt_h5_type type, hid_t space,
                                 hid_t creation, hid_t *out, nnt_error *error) {
  *out = H5I_INVALID_HID;
  nnt_status status = make_parents(file, path, error);
  if (status == NNT_OK && space >= 0 && H5Pset_obj_track_times(creation, false) >= 0)
    *out =
        H5Dcreate2(file->id, path, h5_native_type(type), space, H5P_DEFAULT, creation, H5P_DEFAULT);
  if (status == NNT_OK && *out < 0) status = h5_fail_write(file, path, error);
  h5_close_id(creation);
  return status;
}

static hid_t make_space(int rank, const int64_t *dims) {
  hsize_t extent[NNT_H5_MAX_RANK] = {0};
  for (int i = 0; i < rank && i < NNT_H5_MAX_RANK; ++i) extent[i] = (hsize_t)dims[i];
  return H5Screate_simple(rank, extent, NULL);
}

nnt_status nnt_h5_write(nnt_h5 *file, const char *path, nnt_h5_type type, int rank,
                        const int64_t *dims, const void *data, nnt_error *error) {
  hid_t dataset = H5I_INVALID_HID;
  hid_t space = make_space(rank, dims);
  nnt_status status =
      create_dataset(file, path, type, space, H5Pcreate(H5P_DATASET_CREATE), &dataset, error);
  if (status == NNT_OK && H5Sget_simple_extent_npoints(space) > 0 &&
      H5Dwrite(dataset, h5_native_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
    status = h5_fail_write(file, path, error);
  h5_close_id(dataset);
  h5_close_id(space);
  return status == NNT_OK ? h5_check_written(file, path, error) : status;
}

/* Creation properties of a chunked dataset. Every chunk has a checksum, so that any program that
 * reads it detects a flipped bit. */
static hid_t make_chunked(int rank, const hsize_t *chunk, int gzip_level) {
  hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  bool good = H5Pset_chunk(creation, rank, chunk) >= 0;
  if (good && gzip_level > 0)
    good = H5Pset_shuffle(creation) >= 0 && H5Pset_deflate(creation, (unsigned)gzip_level) >= 0;
  if (good) good = H5Pset_fletcher32(creation) >= 0;
  if (good) return creation;
  h5_close_id(creation);
  return H5I_INVALID_HID;
}

nnt_status nnt_h5_make_growing(nnt_h5 *file, const char *path, nnt_h5_type type, int rank,
                               const int64_t *dims, int64_t chunk_rows, int gzip_level,
                               nnt_error *error) {
  hsize_t now[NNT_H5_MAX_RANK] = {0};
  hsize_t most[NNT_H5_MAX_RANK] = {0};
  hsize_t chunk[NNT_H5_MAX_RANK] = {0};
  for (int i = 1; i < rank && i < NNT_H5_MAX_RANK; ++i)
    chunk[i] = most[i] = now[i] = (hsize_t)dims[i];
  most[0] = H5S_UNLIMITED;
  chunk[0] = (hsize_t)chunk_rows;
  hid_t dataset = H5I_INVALID_HID;
  hid_t space = H5Screate_simple(rank, now, most);
  nnt_status status = create_dataset(file, path, type, space, make_chunked(rank, chunk, gzip_level),
                                     &dataset, error);
  h5_close_id(dataset);
  h5_close_id(space);
  return status;
}

/* Extends the dataset to at least `rows` rows. */
static nnt_status extend(const nnt_h5 *file, const char *path, hid_t dataset,
                         const nnt_h5_dataset *shape, int64_t rows, nnt_error *error) {
  hsize_t extent[NNT_H5_MAX_RANK] = {0};
  if (rows <= shape->dims[0]) return NNT_OK;
  for (int i = 1; i < shape->rank; ++i) extent[i] = (hsize_t)shape->dims[i];
  extent[0] = (hsize_t)rows;
  return H5Dset_extent(dataset, extent) < 0 ? h5_fail_write(file, path, error) : NNT_OK;
}

nnt_status nnt_h5_write_rows(nnt_h5 *file, const char *path, int64_t first, int64_t count,
                             nnt_h5_type type, const void *data, nnt_error *error) {
  nnt_h5_dataset shape;
  hid_t dataset = H5I_INVALID_HID;
  hid_t stored = H5I_INVALID_HID;
  hid_t memory = H5I_INVALID_HID;
  nnt_status status = h5_dataset(file, path, &dataset, error);
  if (status == NNT_OK) status = h5_describe_id(file, path, dataset, &shape, error);
  if (status != NNT_OK || count == 0) return status;
  status = extend(file, path, dataset, &shape, first + count, error);
  if (status != NNT_OK) return status;
  if (!h5_select_rows(&shape, first, count, dataset, &stored, &memory) ||
      H5Dwrite(dataset, h5_native_type(type), memory, stored, H5P_DEFAULT, data) < 0)
    status = h5_fail_write(file, path, error);
  h5_close_id(stored);
  h5_close_id(memory);
  return status == NNT_OK ? h5_check_written(file, path, error) : status;
}
