/* Converting NPZ files, which numpy.savez writes: a zip archive of NPY files, stored or deflated.
 * It is read with libzip, which verifies the CRC-32 of a member that is read to its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "convert/array_pair.h"
#include "convert/formats.h"
#include "convert/npy.h"
#include "convert/npz.h"

/* A member being read. Each has its own handle of the archive, as two are read alternately. */
typedef struct member {
  zip_t *archive;
  zip_file_t *file;
  char name[600]; /* for messages */
} member;

/* --- reading --- */

static nnt_status fail_zip(const char *where, const char *text, nnt_error *error) {
  return nnt_fail(error, NNT_BAD_INPUT,
                  "damaged NPZ file\n%s: %s\ndownload or create the file again", where, text);
}

static nnt_status read_member(void *context, void *out, size_t size, size_t *got,
                              nnt_error *error) {
  member *m = context;
  *got = 0;
  while (*got < size) {
    zip_int64_t count = zip_fread(m->file, (char *)out + *got, size - *got);
    if (count < 0) return fail_zip(m->name, zip_error_strerror(zip_file_get_error(m->file)), error);
    if (count == 0) break;
    *got += (size_t)count;
  }
  return NNT_OK;
}

static void close_member(void *context) {
  member *m = context;
  if (m->file != NULL) (void)zip_fclose(m->file);
  if (m->archive != NULL) zip_discard(m->archive);
  free(m);
}

/* --- opening --- */

static nnt_status open_archive(const char *path, zip_t **out, nnt_error *error) {
  struct stat info;
  if (stat(path, &info) != 0)
    return nnt_fail(error, NNT_BAD_INPUT, "cannot open the input\n%s: %s\ncheck the path", path,
                    strerror(errno));
  if (!S_ISREG(info.st_mode))
    return nnt_fail(
        error, NNT_BAD_INPUT,
        "the NPZ file is not a regular file\n%s\nsave it to a file first: the list of its "
        "arrays is at its end",
        path);
  int code = 0;
  *out = zip_open(path, ZIP_RDONLY, &code);
  if (*out != NULL) return NNT_OK;
  zip_error_t reason;
  zip_error_init_with_code(&reason, code);
  nnt_status status =
      code == ZIP_ER_OPEN
          ? nnt_fail(error, NNT_BAD_INPUT, "cannot open the input\n%s: %s\ncheck the path", path,
                     strerror(errno))
          : fail_zip(path, zip_error_strerror(&reason), error);
  zip_error_fini(&reason);
  return status;
}

/* The names of the arrays, as many as fit. */
static void list_arrays(zip_t *archive, char *out, size_t size) {
  size_t used = 0;
  zip_int64_t count = zip_get_num_entries(archive, 0);
  out[0] = '\0';
  for (zip_int64_t i = 0; i < count; ++i) {
    const char *name = zip_get_name(archive, (zip_uint64_t)i, 0);
    size_t length = name != NULL ? strlen(name) : 0;
    if (length < 5 || strcmp(name + length - 4, ".npy") != 0) continue;
    if (used + length + 8 > size) {
      (void)snprintf(out + used, size - used, ", ...");
      return;
    }
    used += (size_t)snprintf(out + used, size - used, "%s%.*s", used > 0 ? ", " : "",
                             (int)length - 4, name);
  }
}

static nnt_status find_member(zip_t *archive, const char *path, const char *name,
                              const char *option, zip_uint64_t *out, nnt_error *error) {
  char file[300], names[300];
  (void)snprintf(file, sizeof file, "%.280s.npy", name);
  zip_int64_t index = zip_name_locate(archive, file, 0);
  if (index >= 0) {
    *out = (zip_uint64_t)index;
    return NNT_OK;
  }
  list_arrays(archive, names, sizeof names);
  return nnt_fail(error, NNT_BAD_INPUT,
                  "no array '%.100s' in the NPZ file\n%.300s has %s\nname the array with %s", name,
                  path, names[0] != '\0' ? names : "no arrays", option);
}

static nnt_status open_array(const char *path, const char *name, const char *option,
                             nnt_array *array, nnt_error *error) {
  member *m = calloc(1, sizeof *m);
  if (m == NULL) return nnt_fail_memory(error, sizeof *m, "an NPZ file");
  (void)snprintf(m->name, sizeof m->name, "%.400s, array %.100s", path, name);
  array->source =
      (nnt_byte_source){.context = m, .name = m->name, .read = read_member, .close = close_member};
  zip_uint64_t index = 0;
  nnt_status status = open_archive(path, &m->archive, error);
  if (status == NNT_OK) status = find_member(m->archive, path, name, option, &index, error);
  if (status != NNT_OK) return status;
  m->file = zip_fopen_index(m->archive, index, 0);
  if (m->file == NULL) return fail_zip(m->name, zip_strerror(m->archive), error);
  return nnt_npy_read_header(array, error);
}

static nnt_status convert(const nnt_convert_options *options, nnt_convert_result *result,
                          nnt_error *error) {
  const char *x_name = options->x_name != NULL ? options->x_name : "x";
  const char *y_name = options->y_name != NULL ? options->y_name : "y";
  nnt_array_pair pair = {.options = options, .targets_allowed = true};
  nnt_status status = open_array(options->input, x_name, "--x-name", &pair.features, error);
  if (status == NNT_OK)
    status = open_array(options->input, y_name, "--y-name", &pair.labels, error);
  if (status == NNT_OK) status = nnt_array_pair_convert(&pair, result, error);
  nnt_array_close(&pair.features);
  nnt_array_close(&pair.labels);
  return status;
}

const nnt_format nnt_npz_format = {.recognise = nnt_npz_recognise, .convert = convert};
