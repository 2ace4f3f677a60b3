/* HDF5 attributes: numbers, strings and lists of strings. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "hdf5/h5.h"
#include "hdf5/h5_internal.h"

bool nnt_h5_has_attribute(nnt_h5 *file, const char *path, const char *name) {
  return nnt_h5_exists(file, path) && H5Aexists_by_name(file->id, path, name, H5P_DEFAULT) > 0;
}

static nnt_status fail_attribute(const nnt_h5 *file, const char *path, const char *name,
                                 const char *what, nnt_error *error) {
  return nnt_fail(error, NNT_BAD_INPUT,
                  "%s\n%.400s, %.120s, attribute %.60s\ncreate the file again", what, file->name,
                  path, name);
}

/* --- reading --- */

static nnt_status open_attribute(nnt_h5 *file, const char *path, const char *name, hid_t *out,
                                 nnt_error *error) {
  *out = H5I_INVALID_HID;
  if (!nnt_h5_has_attribute(file, path, name))
    return fail_attribute(file, path, name, "no such attribute", error);
  *out = H5Aopen_by_name(file->id, path, name, H5P_DEFAULT, H5P_DEFAULT);
  return *out < 0 ? h5_fail_read(file, path, error) : NNT_OK;
}

static int64_t count_values(hid_t attribute) {
  hid_t space = H5Aget_space(attribute);
  hssize_t count = H5Sget_simple_extent_npoints(space);
  h5_close_id(space);
  return (int64_t)count;
}

/* A scalar number; a float only if `accepts_float`. */
static nnt_status get_number(nnt_h5 *file, const char *path, const char *name, bool accepts_float,
                             hid_t type, void *out, nnt_error *error) {
  hid_t attribute = H5I_INVALID_HID;
  nnt_status status = open_attribute(file, path, name, &attribute, error);
  if (status != NNT_OK) return status;
  hid_t stored = H5Aget_type(attribute);
  H5T_class_t class = H5Tget_class(stored);
  h5_close_id(stored);
  if ((class != H5T_INTEGER && !(accepts_float && class == H5T_FLOAT)) ||
      count_values(attribute) != 1)
    status = fail_attribute(file, path, name,
                            accepts_float ? "the attribute is not a single number"
                                          : "the attribute is not a single integer",
                            error);
  else if (H5Aread(attribute, type, out) < 0)
    status = h5_fail_read(file, path, error);
  h5_close_id(attribute);
  return status;
}

nnt_status nnt_h5_get_int(nnt_h5 *file, const char *path, const char *name, int64_t *out,
                          nnt_error *error) {
  return get_number(file, path, name, false, H5T_NATIVE_INT64, out, error);
}

nnt_status nnt_h5_get_real(nnt_h5 *file, const char *path, const char *name, double *out,
                           nnt_error *error) {
  return get_number(file, path, name, true, H5T_NATIVE_DOUBLE, out, error);
}

/* The length of a fixed-length string without its padding. */
static size_t unpadded_length(const char *text, size_t size, bool padded_with_spaces) {
  size_t length = strnlen(text, size);
  while (padded_with_spaces && length > 0 && text[length - 1] == ' ') --length;
  return length;
}

/* Copies `count` strings into one allocation, pointers first. String i is texts[i], or if `texts`
 * is NULL, of fixed length at block + i * size. */
static char **pack_strings(char *const *texts, const char *block, size_t size, bool spaces,
                           int64_t count, nnt_error *error) {
  size_t total = ((size_t)count + 1) * sizeof(char *);
  for (int64_t i = 0; i < count; ++i)
    total += 1 + (texts == NULL ? size : texts[i] != NULL ? strlen(texts[i]) : 0);
  char **list = malloc(total);
  if (list == NULL) {
    nnt_status ignored = nnt_fail_memory(error, total, "a list of names");
    (void)ignored;
    return NULL;
  }
  char *next = (char *)list + ((size_t)count + 1) * sizeof(char *);
  for (int64_t i = 0; i < count; ++i) {
    const char *text = texts != NULL ? texts[i] : block + (size_t)i * size;
    size_t length = texts == NULL  ? unpadded_length(text, size, spaces)
                    : text != NULL ? strlen(text)
                                   : 0;
    list[i] = next;
    if (length > 0) memcpy(next, text, length);
    next[length] = '\0';
    next += length + 1;
  }
  list[count] = NULL;
  return list;
}

/* Reads the raw values: pointers for variable length, else strings of `size` bytes. */
static nnt_status read_strings(const nnt_h5 *file, const char *path, hid_t attribute, hid_t type,
                               int64_t count, char ***out, nnt_error *error) {
  bool variable = H5Tis_variable_str(type) > 0;
  size_t size = variable ? sizeof(char *) : H5Tget_size(type);
  void *raw = calloc((size_t)count + 1, size);
  if (raw == NULL) return nnt_fail_memory(error, (size_t)count * size, "a list of names");
  nnt_status status = NNT_OK;
  if (count > 0 && H5Aread(attribute, type, raw) < 0) status = h5_fail_read(file, path, error);
  if (status == NNT_OK) {
    *out = pack_strings(variable ? raw : NULL, raw, size, H5Tget_strpad(type) == H5T_STR_SPACEPAD,
                        count, error);
    if (*out == NULL) status = NNT_OUT_OF_MEMORY;
  }
  if (variable && count > 0) {
    hid_t space = H5Aget_space(attribute);
    (void)H5Dvlen_reclaim(type, space, H5P_DEFAULT, raw);
    h5_close_id(space);
  }
  free(raw);
  return status;
}

nnt_status nnt_h5_get_strings(nnt_h5 *file, const char *path, const char *name, char ***out,
                              int64_t *count, nnt_error *error) {
  hid_t attribute = H5I_INVALID_HID;
  *out = NULL;
  *count = 0;
  nnt_status status = open_attribute(file, path, name, &attribute, error);
  if (status != NNT_OK) return status;
  hid_t type = H5Aget_type(attribute);
  int64_t values = count_values(attribute);
  if (H5Tget_class(type) != H5T_STRING || values < 0)
    status = fail_attribute(file, path, name, "the attribute is not a string", error);
  else
    status = read_strings(file, path, attribute, type, values, out, error);
  if (status == NNT_OK) *count = values;
  h5_close_id(type);
  h5_close_id(attribute);
  return status;
}

nnt_status nnt_h5_get_string(nnt_h5 *file, const char *path, const char *name, char **out,
                             nnt_error *error) {
  char **list = NULL;
  int64_t count = 0;
  *out = NULL;
  nnt_status status = nnt_h5_get_strings(file, path, name, &list, &count, error);
  if (status != NNT_OK) return status;
  if (count != 1) {
    status = fail_attribute(file, path, name, "the attribute is not a single string", error);
  } else {
    *out = strdup(list[0]);
    if (*out == NULL) status = nnt_fail_memory(error, strlen(list[0]), "an attribute");
  }
  free(list);
  return status;
}

/* --- writing --- */

nnt_status nnt_h5_remove_attribute(nnt_h5 *file, const char *path, const char *name,
                                   nnt_error *error) {
  if (nnt_h5_has_attribute(file, path, name) &&
      H5Adelete_by_name(file->id, path, name, H5P_DEFAULT) < 0)
    return h5_fail_write(file, path, error);
  return NNT_OK;
}

/* Replaces an attribute; closes `type` and `space`. */
static nnt_status set_attribute(nnt_h5 *file, const char *path, const char *name, hid_t type,
                                hid_t space, const void *value, nnt_error *error) {
  nnt_status status = nnt_h5_remove_attribute(file, path, name, error);
  if (status == NNT_OK) {
    hid_t attribute =
        H5Acreate_by_name(file->id, path, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, type, value) < 0)
      status = h5_fail_write(file, path, error);
    h5_close_id(attribute);
  }
  h5_close_id(type);
  h5_close_id(space);
  return status;
}

nnt_status nnt_h5_set_int(nnt_h5 *file, const char *path, const char *name, int64_t value,
                          nnt_error *error) {
  return set_attribute(file, path, name, H5Tcopy(H5T_NATIVE_INT64), H5Screate(H5S_SCALAR), &value,
                       error);
}

nnt_status nnt_h5_set_real(nnt_h5 *file, const char *path, const char *name, double value,
                           nnt_error *error) {
  return set_attribute(file, path, name, H5Tcopy(H5T_NATIVE_DOUBLE), H5Screate(H5S_SCALAR), &value,
                       error);
}

static hid_t make_string_type(void) {
  hid_t type = H5Tcopy(H5T_C_S1);
  if (H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0) return type;
  h5_close_id(type);
  return H5I_INVALID_HID;
}

nnt_status nnt_h5_set_string(nnt_h5 *file, const char *path, const char *name, const char *value,
                             nnt_error *error) {
  return set_attribute(file, path, name, make_string_type(), H5Screate(H5S_SCALAR), &value, error);
}

nnt_status nnt_h5_set_strings(nnt_h5 *file, const char *path, const char *name, char *const *values,
                              int64_t count, nnt_error *error) {
  hsize_t extent = (hsize_t)count;
  return set_attribute(file, path, name, make_string_type(), H5Screate_simple(1, &extent, NULL),
                       values, error);
}
