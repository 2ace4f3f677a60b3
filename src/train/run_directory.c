/* The directory of a run. */
#include "train/run_directory.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/message.h"
#include "comm/comm.h"
#include "io/atomic_file.h"

#define PATH_SIZE 4096

static void join(const char *directory, const char *name, char path[PATH_SIZE]) {
  (void)snprintf(path, PATH_SIZE, "%s/%s", directory, name);
}

/* The epoch in "checkpoint-EEEEE.h5"; -1 for other names. */
static int64_t epoch_of(const char *name) {
  int64_t epoch = -1;
  int length = 0;
  if (sscanf(name, "checkpoint-%" SCNd64 ".h5%n", &epoch, &length) != 1) return -1;
  return length > 0 && name[length] == '\0' ? epoch : -1;
}

static int newest_first(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x < y) - (x > y);
}

/* Epochs of all checkpoints, newest first; *out is freed with free(). A directory that is not there
 * has none. */
static nnt_status list(const char *path, int64_t **out, int64_t *count, nnt_error *error) {
  *out = NULL;
  *count = 0;
  DIR *directory = opendir(path);
  if (directory == NULL) return NNT_OK;
  nnt_status status = NNT_OK;
  int64_t capacity = 0;
  for (struct dirent *entry = readdir(directory); entry != NULL && status == NNT_OK;
       entry = readdir(directory)) {
    int64_t epoch = epoch_of(entry->d_name);
    if (epoch < 0) continue;
    if (*count == capacity) {
      capacity = 2 * capacity + 16;
      int64_t *larger = realloc(*out, (size_t)capacity * sizeof **out);
      if (larger == NULL)
        status = nnt_fail_memory(error, (size_t)capacity * sizeof **out, "a list of files");
      else
        *out = larger;
    }
    if (status == NNT_OK) (*out)[(*count)++] = epoch;
  }
  (void)closedir(directory);
  if (*count > 0) qsort(*out, (size_t)*count, sizeof **out, newest_first);
  return status;
}

/* Cuts the last name off a path; what is left may be empty. */
static void cut_name(char path[PATH_SIZE]) {
  size_t length = strlen(path);
  while (length > 0 && path[length - 1] == '/') --length;
  while (length > 0 && path[length - 1] != '/') --length;
  while (length > 0 && path[length - 1] == '/') --length;
  path[length] = '\0';
}

static size_t length_there(const char *path) {
  char part[PATH_SIZE];
  struct stat info;
  (void)snprintf(part, sizeof part, "%s", path);
  while (part[0] != '\0' && stat(part, &info) != 0) cut_name(part);
  return strlen(part);
}

nnt_status nnt_run_directory_prepare(const char *path, bool resume, size_t *there,
                                     nnt_error *error) {
  int64_t *epochs = NULL;
  int64_t count = 0;
  *there = length_there(path);
  nnt_status status = nnt_directory_make(path, error);
  if (status == NNT_OK) status = nnt_directory_check_writable(path, error);
  if (status == NNT_IO_ERROR) {
    error->status = NNT_BAD_INPUT; /* nothing was computed yet: a wrong path, not a lost run */
    return NNT_BAD_INPUT;
  }
  if (status == NNT_OK) status = list(path, &epochs, &count, error);
  if (status == NNT_OK && count > 0 && !resume)
    status = nnt_fail(error, NNT_BAD_USAGE,
                      "the directory holds a run already\n--output %s, %" PRId64
                      " epochs done\nadd --resume to go on with it, or choose another directory",
                      path, epochs[0]);
  free(epochs);
  return status;
}

void nnt_run_directory_discard(const char *path, size_t there) {
  char part[PATH_SIZE];
  (void)snprintf(part, sizeof part, "%s", path);
  while (strlen(part) > there && rmdir(part) == 0) cut_name(part);
}

/* Removes checkpoints beyond the `keep` newest; one that cannot be removed does no harm. */
static void prune(const char *path, int64_t keep, int64_t best_epoch) {
  int64_t *epochs = NULL;
  int64_t count = 0;
  nnt_error ignored;
  if (list(path, &epochs, &count, &ignored) == NNT_OK) {
    for (int64_t i = keep; i < count; ++i) {
      char name[64], file[PATH_SIZE];
      if (epochs[i] == best_epoch) continue;
      (void)snprintf(name, sizeof name, "checkpoint-%05" PRId64 ".h5", epochs[i]);
      join(path, name, file);
      (void)unlink(file);
    }
  }
  free(epochs);
}

nnt_status nnt_run_directory_save(const char *path, const nnt_checkpoint *checkpoint, bool is_best,
                                  int64_t keep, nnt_error *error) {
  char name[64], file[PATH_SIZE], alias[PATH_SIZE];
  void *bytes = NULL;
  size_t size = 0;
  (void)snprintf(name, sizeof name, "checkpoint-%05" PRId64 ".h5", checkpoint->state.epoch);
  join(path, name, file);
  nnt_status status = nnt_checkpoint_encode(checkpoint, &bytes, &size, error);
  if (status == NNT_OK) status = nnt_atomic_write(file, bytes, size, error);
  nnt_memory_free(&bytes);
  join(path, "last.h5", alias);
  if (status == NNT_OK) status = nnt_atomic_alias(file, alias, error);
  join(path, "best.h5", alias);
  if (status == NNT_OK && is_best) status = nnt_atomic_alias(file, alias, error);
  if (status == NNT_OK && keep > 0) prune(path, keep, checkpoint->state.best_epoch);
  return status;
}

/* Reads and verifies the newest good file; *bytes stays NULL when there is none. */
static nnt_status read_newest(const char *path, const nnt_log *log, char file[PATH_SIZE],
                              void **bytes, size_t *size, nnt_error *error) {
  int64_t *epochs = NULL;
  int64_t count = 0;
  nnt_status status = list(path, &epochs, &count, error);
  nnt_status damage = NNT_OK;
  for (int64_t i = 0; i < count && status == NNT_OK && *bytes == NULL; ++i) {
    char name[64];
    (void)snprintf(name, sizeof name, "checkpoint-%05" PRId64 ".h5", epochs[i]);
    join(path, name, file);
    damage = nnt_file_read_all(file, bytes, size, error);
    if (damage == NNT_OK) damage = nnt_checkpoint_verify(file, *bytes, *size, error);
    if (damage == NNT_OK) break;
    nnt_memory_free(bytes);
    nnt_message(log, NNT_LOG_WARNING, "%s: %s; skipped, trying the one before", error->what,
                error->where);
  }
  if (status == NNT_OK && count > 0 && *bytes == NULL)
    status =
        nnt_fail(error, NNT_BAD_INPUT,
                 "no checkpoint of the run is whole\n%s\nstart again in another directory", path);
  free(epochs);
  return status;
}

/* What rank 0 has read goes to all and is decoded there. */
static nnt_status share(nnt_comm *comm, nnt_status status, const char *file, void *bytes,
                        size_t size, nnt_checkpoint **out, nnt_error *error) {
  void *copy = NULL;
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = nnt_comm_broadcast(comm, 0, &size, sizeof size, error);
  if (status != NNT_OK || size == 0) return status;
  bool reader = nnt_comm_rank(comm) == 0;
  if (!reader) status = nnt_memory_allocate(size, "a checkpoint", &copy, error);
  status = nnt_comm_agree(comm, status, error);
  void *data = reader ? bytes : copy;
  if (status == NNT_OK) status = nnt_comm_broadcast(comm, 0, data, size, error);
  if (status == NNT_OK) status = nnt_checkpoint_decode(file, data, size, out, error);
  nnt_memory_free(&copy);
  return nnt_comm_agree(comm, status, error);
}

nnt_status nnt_run_directory_newest(nnt_comm *comm, const char *path, const nnt_log *log,
                                    nnt_checkpoint **out, nnt_error *error) {
  char file[PATH_SIZE] = "";
  void *bytes = NULL;
  size_t size = 0;
  nnt_status status = NNT_OK;
  *out = NULL;
  if (nnt_comm_rank(comm) == 0) status = read_newest(path, log, file, &bytes, &size, error);
  status = share(comm, status, file, bytes, size, out, error);
  nnt_memory_free(&bytes);
  return status;
}

/* Reads the file, or a directory's best.h5 or last.h5. */
static nnt_status read_named(const char *path, char file[PATH_SIZE], void **bytes, size_t *size,
                             nnt_error *error) {
  struct stat what;
  (void)snprintf(file, PATH_SIZE, "%s", path);
  if (stat(path, &what) == 0 && S_ISDIR(what.st_mode)) {
    join(path, "best.h5", file);
    if (stat(file, &what) != 0) join(path, "last.h5", file);
    if (stat(file, &what) != 0)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "the directory holds no checkpoint\n%s\ngive the --output directory of "
                      "'nntrain train', or a checkpoint file",
                      path);
  }
  nnt_status status = nnt_file_read_all(file, bytes, size, error);
  if (status == NNT_IO_ERROR) {
    error->status = NNT_BAD_INPUT;
    return NNT_BAD_INPUT;
  }
  return status;
}

nnt_status nnt_run_directory_open(nnt_comm *comm, const char *path, nnt_checkpoint **out,
                                  nnt_error *error) {
  char file[PATH_SIZE];
  void *bytes = NULL;
  size_t size = 0;
  nnt_status status = NNT_OK;
  *out = NULL;
  (void)snprintf(file, sizeof file, "%s", path);
  if (nnt_comm_rank(comm) == 0) status = read_named(path, file, &bytes, &size, error);
  if (status == NNT_OK && nnt_comm_rank(comm) == 0)
    status = nnt_checkpoint_verify(file, bytes, size, error);
  status = share(comm, status, file, bytes, size, out, error);
  nnt_memory_free(&bytes);
  return status;
}

nnt_status nnt_run_directory_open_local(const char *path, nnt_checkpoint **out, nnt_error *error) {
  char file[PATH_SIZE];
  void *bytes = NULL;
  size_t size = 0;
  *out = NULL;
  nnt_status status = read_named(path, file, &bytes, &size, error);
  if (status == NNT_OK) status = nnt_checkpoint_decode(file, bytes, size, out, error);
  nnt_memory_free(&bytes);
  return status;
}
