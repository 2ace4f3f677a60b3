/* Reading HDF5 datasets. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/partition.h"
#include "hdf5/h5.h"
#include "hdf5/h5_internal.h"

/* The chunk cache holds one row of chunks, so that sequential reads decompress each chunk once. */
#define MIN_CACHE_BYTES ((int64_t)1 << 20)
#define MAX_CACHE_BYTES ((int64_t)64 << 20)
/* A prime well above the number of chunks in the cache, as HDF5 advises. */
#define CACHE_SLOTS 10007

/* Levels of groups that are searched; deeper ones are most likely a cycle of links. */
#define MAX_DEPTH 16

hid_t h5_native_type(nnt_h5_type type) {
  switch (type) {
    case NNT_H5_U8:
      return H5T_NATIVE_UINT8;
    case NNT_H5_I8:
      return H5T_NATIVE_INT8;
    case NNT_H5_U16:
      return H5T_NATIVE_UINT16;
    case NNT_H5_I16:
      return H5T_NATIVE_INT16;
    case NNT_H5_U32:
      return H5T_NATIVE_UINT32;
    case NNT_H5_I32:
      return H5T_NATIVE_INT32;
    case NNT_H5_I64:
      return H5T_NATIVE_INT64;
    case NNT_H5_U64:
      return H5T_NATIVE_UINT64;
    case NNT_H5_F32:
      return H5T_NATIVE_FLOAT;
    case NNT_H5_F64:
      return H5T_NATIVE_DOUBLE;
    default:
      return H5I_INVALID_HID;
  }
}

bool nnt_h5_exists(nnt_h5 *file, const char *path) {
  return H5Oexists_by_name(file->id, path, H5P_DEFAULT) > 0;
}

bool nnt_h5_is_dataset(nnt_h5 *file, const char *path) {
  if (!nnt_h5_exists(file, path)) return false;
  hid_t object = H5Oopen(file->id, path, H5P_DEFAULT);
  bool is_dataset = H5Iget_type(object) == H5I_DATASET;
  h5_close_id(object);
  return is_dataset;
}

/* --- open datasets --- */

/* Bytes of the chunks that one row touches. */
static int64_t row_of_chunks(const nnt_h5 *file, hid_t dataset) {
  nnt_h5_dataset shape;
  if (h5_describe_id(file, "", dataset, &shape, NULL) != NNT_OK || shape.chunk_rows == 0) return 0;
  hsize_t chunk[NNT_H5_MAX_RANK] = {0};
  hid_t creation = H5Dget_create_plist(dataset);
  int rank = H5Pget_chunk(creation, NNT_H5_MAX_RANK, chunk);
  h5_close_id(creation);
  double bytes = (double)shape.element_bytes * (double)shape.chunk_rows;
  for (int i = 1; i < rank; ++i)
    bytes *= (double)nnt_ceil_div(shape.dims[i], (int64_t)chunk[i]) * (double)chunk[i];
  return bytes < (double)MAX_CACHE_BYTES ? (int64_t)bytes : MAX_CACHE_BYTES;
}

static hid_t open_dataset(const nnt_h5 *file, const char *path) {
  hid_t dataset = H5Dopen2(file->id, path, H5P_DEFAULT);
  int64_t wanted = dataset >= 0 ? row_of_chunks(file, dataset) : 0;
  if (wanted <= MIN_CACHE_BYTES) return dataset;
  hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
  (void)H5Pset_chunk_cache(access, CACHE_SLOTS, (size_t)wanted, 1.0);
  h5_close_id(dataset);
  dataset = H5Dopen2(file->id, path, access);
  h5_close_id(access);
  return dataset;
}

nnt_status h5_dataset(nnt_h5 *file, const char *path, hid_t *out, nnt_error *error) {
  for (int i = 0; i < H5_OPEN_DATASETS; ++i) {
    *out = file->open[i].id;
    if (file->open[i].path != NULL && strcmp(file->open[i].path, path) == 0) return NNT_OK;
  }
  *out = H5I_INVALID_HID;
  if (!nnt_h5_is_dataset(file, path))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "no such dataset\n%.400s, %.160s\n'h5ls -r' lists the datasets of the file",
                    file->name, path);
  hid_t dataset = open_dataset(file, path);
  if (dataset < 0) return h5_fail_read(file, path, error);
  nnt_status status = h5_check_sources(file, path, dataset, error);
  char *copy = status == NNT_OK ? strdup(path) : NULL;
  if (status == NNT_OK && copy == NULL)
    status = nnt_fail_memory(error, strlen(path), "the name of a dataset");
  if (status != NNT_OK) {
    h5_close_id(dataset);
    return status;
  }
  h5_open_dataset *slot = &file->open[file->next_slot];
  file->next_slot = (file->next_slot + 1) % H5_OPEN_DATASETS;
  h5_close_slot(slot);
  slot->path = copy;
  slot->id = dataset;
  slot->described = false;
  *out = dataset;
  return NNT_OK;
}

/* --- describing --- */

/* An enumeration, such as h5py's bool, counts as its integer type. */
static void describe_type(hid_t type, nnt_h5_dataset *out) {
  H5T_class_t class = H5Tget_class(type);
  out->element_bytes = H5Tget_size(type);
  if (class == H5T_FLOAT) {
    out->kind = NNT_H5_FLOAT;
    out->is_signed = true;
  } else if (class == H5T_INTEGER || class == H5T_ENUM) {
    hid_t base = class == H5T_ENUM ? H5Tget_super(type) : H5Tcopy(type);
    out->kind = NNT_H5_INTEGER;
    out->is_signed = H5Tget_sign(base) != H5T_SGN_NONE;
    h5_close_id(base);
  } else {
    out->kind = NNT_H5_OTHER;
  }
}

nnt_status h5_describe_id(const nnt_h5 *file, const char *path, hid_t dataset, nnt_h5_dataset *out,
                          nnt_error *error) {
  hsize_t dims[H5S_MAX_RANK] = {0};
  hsize_t chunk[H5S_MAX_RANK] = {0};
  memset(out, 0, sizeof *out);
  hid_t space = H5Dget_space(dataset);
  hid_t type = H5Dget_type(dataset);
  hid_t creation = H5Dget_create_plist(dataset);
  nnt_status status = NNT_OK;
  int rank = H5Sget_simple_extent_dims(space, dims, NULL);
  if (rank < 0 || type < 0 || creation < 0) {
    status = h5_fail_read(file, path, error);
  } else if (rank > NNT_H5_MAX_RANK) {
    status = nnt_fail(error, NNT_BAD_INPUT,
                      "too many dimensions\n%.400s, %.160s has %d\nreshape it to at most %d",
                      file->name, path, rank, NNT_H5_MAX_RANK);
  } else {
    describe_type(type, out);
    out->rank = rank;
    for (int i = 0; i < rank; ++i) out->dims[i] = (int64_t)dims[i];
    if (H5Pget_layout(creation) == H5D_CHUNKED && H5Pget_chunk(creation, rank, chunk) > 0)
      out->chunk_rows = (int64_t)chunk[0];
  }
  h5_close_id(space);
  h5_close_id(type);
  h5_close_id(creation);
  return status;
}

nnt_status nnt_h5_describe(nnt_h5 *file, const char *path, nnt_h5_dataset *out, nnt_error *error) {
  hid_t dataset = H5I_INVALID_HID;
  memset(out, 0, sizeof *out);
  nnt_status status = h5_dataset(file, path, &dataset, error);
  return status == NNT_OK ? h5_describe_id(file, path, dataset, out, error) : status;
}

/* --- reading rows --- */

/* The name of a filter of the dataset that this HDF5 lacks; false if there is none. */
static bool find_missing_filter(hid_t dataset, char *name, size_t size) {
  hid_t creation = H5Dget_create_plist(dataset);
  int count = H5Pget_nfilters(creation);
  bool missing = false;
  for (unsigned i = 0; (int)i < count && !missing; ++i) {
    unsigned flags = 0;
    unsigned configuration = 0;
    size_t values = 0;
    char text[64] = "";
    H5Z_filter_t filter =
        H5Pget_filter2(creation, i, &flags, &values, NULL, sizeof text, text, &configuration);
    missing = filter >= 0 && H5Zfilter_avail(filter) <= 0;
    if (missing) (void)snprintf(name, size, "'%.63s' (number %d)", text, (int)filter);
  }
  h5_close_id(creation);
  return missing;
}

static nnt_status fail_rows(const nnt_h5 *file, const char *path, hid_t dataset, nnt_error *error) {
  char filter[96];
  nnt_status status = h5_fail_read(file, path, error);
  if (!find_missing_filter(dataset, filter, sizeof filter)) return status;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "this HDF5 library lacks the filter of a compressed dataset\n%.400s, %.160s: "
                  "filter %s\nwhere the file was created, rewrite it with 'h5repack -f GZIP=4 OLD "
                  "NEW' or with compression='gzip' in h5py",
                  file->name, path, filter);
}

bool h5_select_rows(const nnt_h5_dataset *shape, int64_t first, int64_t count, hid_t dataset,
                    hid_t *stored, hid_t *memory) {
  hsize_t start[NNT_H5_MAX_RANK] = {0};
  hsize_t extent[NNT_H5_MAX_RANK] = {0};
  for (int i = 0; i < shape->rank; ++i) extent[i] = (hsize_t)shape->dims[i];
  start[0] = (hsize_t)first;
  extent[0] = (hsize_t)count;
  *stored = H5Dget_space(dataset);
  *memory = H5Screate_simple(shape->rank, extent, NULL);
  if (*stored < 0 || *memory < 0) return false;
  if (count == 0) return H5Sselect_none(*stored) >= 0 && H5Sselect_none(*memory) >= 0;
  return H5Sselect_hyperslab(*stored, H5S_SELECT_SET, start, NULL, extent, NULL) >= 0;
}

static nnt_status check_rows(const nnt_h5 *file, const char *path, const nnt_h5_dataset *shape,
                             int64_t first, int64_t count, nnt_error *error) {
  if (shape->kind == NNT_H5_OTHER)
    return nnt_fail(
        error, NNT_BAD_INPUT,
        "the elements are not numbers\n%.400s, %.160s\nstore integers or floating-point numbers",
        file->name, path);
  if (shape->rank < 1 || first < 0 || count < 0 || first > shape->dims[0] - count)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the dataset has too few rows\n%.400s, %.160s: rows %lld to %lld of %lld\n"
                    "check the file with 'h5ls -r'",
                    file->name, path, (long long)first, (long long)(first + count),
                    (long long)(shape->rank < 1 ? 0 : shape->dims[0]));
  return NNT_OK;
}

/* The dataset and its shape, which is kept if the file is read-only. */
static nnt_status find_shape(nnt_h5 *file, const char *path, hid_t *dataset, nnt_h5_dataset *shape,
                             nnt_error *error) {
  nnt_status status = h5_dataset(file, path, dataset, error);
  if (status != NNT_OK) return status;
  h5_open_dataset *slot = file->open;
  while (slot->path == NULL || slot->id != *dataset) ++slot;
  if (!slot->described) {
    status = h5_describe_id(file, path, *dataset, &slot->shape, error);
    slot->described = status == NNT_OK && file->read_only;
  }
  *shape = slot->shape;
  return status;
}

nnt_status nnt_h5_read_rows(nnt_h5 *file, const char *path, int64_t first, int64_t count,
                            nnt_h5_type type, void *out, nnt_error *error) {
  nnt_h5_dataset shape;
  hid_t dataset = H5I_INVALID_HID;
  hid_t stored = H5I_INVALID_HID;
  hid_t memory = H5I_INVALID_HID;
  nnt_status status = find_shape(file, path, &dataset, &shape, error);
  if (status == NNT_OK) status = check_rows(file, path, &shape, first, count, error);
  if (status != NNT_OK || (count == 0 && !file->collective)) return status;
  if (!h5_select_rows(&shape, first, count, dataset, &stored, &memory) ||
      H5Dread(dataset, h5_native_type(type), memory, stored, file->transfer, out) < 0)
    status = fail_rows(file, path, dataset, error);
  h5_close_id(stored);
  h5_close_id(memory);
  return status;
}

/* --- visiting --- */

typedef struct visit_state {
  nnt_h5 *file;
  nnt_h5_visitor visit;
  void *context;
  nnt_error *error;
} visit_state;

static nnt_status visit_group(const visit_state *state, const char *group, int depth);

/* The i-th link of `group`; a dangling one is skipped. */
static nnt_status visit_link(const visit_state *state, const char *group, hsize_t i, int depth) {
  nnt_h5 *file = state->file;
  ssize_t length =
      H5Lget_name_by_idx(file->id, group, H5_INDEX_NAME, H5_ITER_INC, i, NULL, 0, H5P_DEFAULT);
  if (length < 0) return h5_fail_read(file, group, state->error);
  size_t prefix = strcmp(group, "/") == 0 ? 0 : strlen(group);
  char *path = malloc(prefix + (size_t)length + 2);
  if (path == NULL) return nnt_fail_memory(state->error, prefix, "the name of a dataset");
  memcpy(path, group, prefix);
  path[prefix] = '/';
  nnt_status status = NNT_OK;
  if (H5Lget_name_by_idx(file->id, group, H5_INDEX_NAME, H5_ITER_INC, i, path + prefix + 1,
                         (size_t)length + 1, H5P_DEFAULT) < 0) {
    status = h5_fail_read(file, group, state->error);
  } else if (nnt_h5_is_dataset(file, path)) {
    nnt_h5_dataset shape;
    status = nnt_h5_describe(file, path, &shape, state->error);
    if (status == NNT_OK) status = state->visit(state->context, path, &shape, state->error);
  } else if (nnt_h5_exists(file, path)) {
    status = visit_group(state, path, depth + 1);
  }
  free(path);
  return status;
}

static nnt_status visit_group(const visit_state *state, const char *group, int depth) {
  H5G_info_t info;
  hid_t object = H5Oopen(state->file->id, group, H5P_DEFAULT);
  /* A committed datatype has no links. */
  bool is_group = H5Iget_type(object) == H5I_GROUP;
  herr_t result = is_group ? H5Gget_info(object, &info) : 0;
  h5_close_id(object);
  if (object < 0 || result < 0) return h5_fail_read(state->file, group, state->error);
  if (!is_group) return NNT_OK;
  if (depth > MAX_DEPTH)
    return nnt_fail(state->error, NNT_BAD_INPUT,
                    "groups are nested too deeply\n%.400s, %.160s\nnest at most %d levels",
                    state->file->name, group, MAX_DEPTH);
  nnt_status status = NNT_OK;
  for (hsize_t i = 0; i < info.nlinks && status == NNT_OK; ++i)
    status = visit_link(state, group, i, depth);
  return status;
}

nnt_status nnt_h5_visit(nnt_h5 *file, const char *group, nnt_h5_visitor visit, void *context,
                        nnt_error *error) {
  visit_state state = {.file = file, .visit = visit, .context = context, .error = error};
  return visit_group(&state, group, 0);
}
