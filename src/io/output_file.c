/* Output files of the commands. */
#include <errno.h>
#include <nntrain/file.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "io/atomic_file.h"
#include "io/checkpoint.h"

/* A pipe or a terminal, which is written to, not replaced. */
static bool is_stream(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

static bool is_checkpoint(const char *path) {
  struct stat info;
  char start[64];
  if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return false;
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  size_t size = fread(start, 1, sizeof start, file);
  (void)fclose(file);
  return nnt_checkpoint_recognize(start, size);
}

nnt_status nnt_file_check_output(const char *path, nnt_error *error) {
  nnt_atomic_file *place = NULL;
  if (is_checkpoint(path))
    return nnt_fail(error, NNT_BAD_USAGE,
                    "the output would replace a checkpoint\n--output %s\ngive another file, or "
                    "remove the checkpoint first",
                    path);
  if (is_stream(path)) return NNT_OK;
  nnt_error reason;
  nnt_status status = nnt_atomic_begin(path, &place, &reason);
  nnt_atomic_abandon(&place);
  if (status == NNT_OK) return NNT_OK;
  /* Nothing has been computed yet: the path is wrong, no work is lost. */
  return nnt_fail(error, NNT_BAD_INPUT, "%s\n--output %.200s: %.400s\n%s", reason.what, path,
                  reason.where, reason.remedy);
}

static nnt_status write_stream(const char *path, const void *bytes, size_t size, nnt_error *error) {
  FILE *file = fopen(path, "wb");
  bool failed = file == NULL || fwrite(bytes, 1, size, file) < size;
  if (file != NULL && fclose(file) != 0) failed = true;
  if (!failed) return NNT_OK;
  return nnt_fail(error, NNT_IO_ERROR, "cannot write the output\n--output %s: %s\ncheck the path",
                  path, strerror(errno));
}

nnt_status nnt_file_write(const char *path, const void *bytes, size_t size, nnt_error *error) {
  return is_stream(path) ? write_stream(path, bytes, size, error)
                         : nnt_atomic_write(path, bytes, size, error);
}
