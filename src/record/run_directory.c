/* The run directory. */
#include "record/run_directory.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
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

/* Progress of a run: finished epochs, and steps of the next one. */
typedef struct position {
  int64_t epoch, step;
} position;

static position position_of(const nnt_train_state *state) {
  return (position){state->epoch, state->epoch_step};
}

static void file_name(position at, char name[NNT_CHECKPOINT_NAME]) {
  if (at.step > 0)
    (void)snprintf(name, NNT_CHECKPOINT_NAME, "checkpoint-%05" PRId64 "-%08" PRId64 ".h5", at.epoch,
                   at.step);
  else
    (void)snprintf(name, NNT_CHECKPOINT_NAME, "checkpoint-%05" PRId64 ".h5", at.epoch);
}

void nnt_run_directory_file_name(const nnt_train_state *state, char name[NNT_CHECKPOINT_NAME]) {
  file_name(position_of(state), name);
}

/* Parses the canonical name of a checkpoint; false for anything else. */
static bool parse_name(const char *name, position *at) {
  char canonical[NNT_CHECKPOINT_NAME];
  *at = (position){0, 0};
  int found = sscanf(name, "checkpoint-%" SCNd64 "-%" SCNd64, &at->epoch, &at->step);
  if (found < 1 || at->epoch < 0 || at->step < 0) return false;
  file_name(*at, canonical);
  return strcmp(name, canonical) == 0;
}

static bool is_newer(position a, position b) {
  return a.epoch > b.epoch || (a.epoch == b.epoch && a.step > b.step);
}

static int newest_first(const void *a, const void *b) {
  const position *x = a, *y = b;
  return (int)is_newer(*y, *x) - (int)is_newer(*x, *y);
}

/* Positions of all checkpoints, newest first; *out is freed with free(). None if the directory does
 * not exist. */
static nnt_status list(const char *path, position **out, int64_t *count, nnt_error *error) {
  *out = NULL;
  *count = 0;
  DIR *directory = opendir(path);
  if (directory == NULL) return NNT_OK;
  nnt_status status = NNT_OK;
  int64_t capacity = 0;
  for (struct dirent *entry = readdir(directory); entry != NULL && status == NNT_OK;
       entry = readdir(directory)) {
    position at;
    if (!parse_name(entry->d_name, &at)) continue;
    if (*count == capacity) {
      capacity = 2 * capacity + 16;
      position *larger = realloc(*out, (size_t)capacity * sizeof **out);
      if (larger == NULL)
        status = nnt_fail_memory(error, (size_t)capacity * sizeof **out, "a list of files");
      else
        *out = larger;
    }
    if (status == NNT_OK) (*out)[(*count)++] = at;
  }
  (void)closedir(directory);
  if (*count > 0) qsort(*out, (size_t)*count, sizeof **out, newest_first);
  return status;
}

/* Cuts the last component off a path; the rest may be empty. */
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

static nnt_status check_empty(const char *path, nnt_error *error) {
  position *found = NULL;
  int64_t count = 0;
  nnt_status status = list(path, &found, &count, error);
  if (status == NNT_OK && count > 0)
    status = nnt_fail(error, NNT_BAD_USAGE,
                      "the directory already contains a run\n--output %s, %" PRId64
                      " epochs and %" PRId64
                      " steps done\nadd --resume to continue it, or choose another directory",
                      path, found[0].epoch, found[0].step);
  free(found);
  return status;
}

nnt_status nnt_run_directory_prepare(const char *path, bool resume, const nnt_log *log,
                                     size_t *there, nnt_lock_file **lock, nnt_error *error) {
  static const char *const own[] = {"checkpoint-",   "last.h5",    "best.h5",
                                    "metrics.jsonl", "config.ini", NULL};
  char file[PATH_SIZE];
  *lock = NULL;
  *there = length_there(path);
  nnt_status status = nnt_directory_make(path, error);
  if (status == NNT_OK) status = nnt_directory_check_writable(path, error);
  join(path, ".nntrain-lock", file);
  if (status == NNT_OK) status = nnt_lock_file_take(file, lock, error);
  if (status == NNT_IO_ERROR) {
    error->status = NNT_BAD_INPUT; /* before any computation: a wrong path, not a failed run */
    return NNT_BAD_INPUT;
  }
  if (status != NNT_OK) return status;
  if (*lock == NULL)
    nnt_message(log, NNT_LOG_WARNING,
                "%s is on a file system without locks: make sure that no other run writes there",
                path);
  nnt_atomic_sweep(path, own);
  return resume ? NNT_OK : check_empty(path, error);
}

nnt_status nnt_run_directory_check(const char *path, bool resume, nnt_error *error) {
  char part[PATH_SIZE];
  struct stat info;
  size_t there = length_there(path);
  (void)snprintf(part, sizeof part, "%.*s", there > 0 ? (int)there : 1, there > 0 ? path : ".");
  int reason = stat(part, &info) != 0           ? errno
               : !S_ISDIR(info.st_mode)         ? ENOTDIR
               : access(part, W_OK | X_OK) != 0 ? errno
                                                : 0;
  if (reason != 0)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "cannot write to this directory\n--output %s: %s: %s\nchoose a directory with "
                    "write permission",
                    path, part, strerror(reason));
  return resume || path[there] != '\0' ? NNT_OK : check_empty(path, error);
}

void nnt_run_directory_discard(const char *path, size_t there) {
  char part[PATH_SIZE];
  (void)snprintf(part, sizeof part, "%s", path);
  while (strlen(part) > there && rmdir(part) == 0) cut_name(part);
}

/* Removes checkpoints beyond the `keep` newest up to `newest`; later ones are damaged, or the run
 * would have been resumed from them. Failures to remove are harmless. */
static void prune(const char *path, int64_t keep, position newest, int64_t best_epoch) {
  position *found = NULL;
  int64_t count = 0, kept = 0;
  nnt_error ignored;
  if (list(path, &found, &count, &ignored) == NNT_OK) {
    for (int64_t i = 0; i < count; ++i) {
      char name[NNT_CHECKPOINT_NAME], file[PATH_SIZE];
      bool best = found[i].epoch == best_epoch && found[i].step == 0;
      if (is_newer(found[i], newest) || ++kept <= keep || best) continue;
      file_name(found[i], name);
      join(path, name, file);
      (void)unlink(file);
    }
  }
  free(found);
}

/* Makes `alias` a second name of the checkpoint at `at`, unless it is one already or there is no
 * such checkpoint. */
static nnt_status point(const char *path, position at, const char *alias, nnt_error *error) {
  char name[NNT_CHECKPOINT_NAME], file[PATH_SIZE], second[PATH_SIZE];
  struct stat one, other;
  file_name(at, name);
  join(path, name, file);
  join(path, alias, second);
  if (stat(file, &one) != 0) return NNT_OK;
  bool same = stat(second, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
  return same ? NNT_OK : nnt_atomic_alias(file, second, error);
}

nnt_status nnt_run_directory_point(const char *path, const nnt_train_state *state,
                                   nnt_error *error) {
  position best = {state->best_epoch, 0};
  nnt_status status = point(path, position_of(state), "last.h5", error);
  if (status == NNT_OK && state->best_epoch > 0) status = point(path, best, "best.h5", error);
  return status;
}

nnt_status nnt_run_directory_store(const char *path, const nnt_train_state *state,
                                   const void *bytes, size_t size, int64_t keep, nnt_error *error) {
  char name[NNT_CHECKPOINT_NAME], file[PATH_SIZE];
  nnt_run_directory_file_name(state, name);
  join(path, name, file);
  nnt_status status = nnt_atomic_write(file, bytes, size, error);
  if (status == NNT_OK) status = nnt_run_directory_point(path, state, error);
  if (status == NNT_OK && keep > 0) prune(path, keep, position_of(state), state->best_epoch);
  return status;
}

nnt_status nnt_run_directory_keep_config(const char *path, const char *text, nnt_error *error) {
  char file[PATH_SIZE];
  join(path, "config.ini", file);
  return nnt_atomic_write(file, text, strlen(text), error);
}

/* After an epoch's last step there are two names: before and after the end of the epoch. */
bool nnt_run_directory_has(const char *path, const nnt_train_state *state,
                           char name[NNT_CHECKPOINT_NAME]) {
  char file[PATH_SIZE];
  position at = position_of(state), after = {at.epoch + 1, 0};
  bool ends = at.step * state->batch_size >= state->samples;
  for (int i = ends ? 0 : 1; i < 2; ++i) {
    file_name(i == 0 ? after : at, name);
    join(path, name, file);
    if (access(file, F_OK) == 0) return true;
  }
  return false;
}

/* Reads and verifies the newest intact file; *bytes stays NULL when there is none. */
static nnt_status read_newest(const char *path, const nnt_log *log, char file[PATH_SIZE],
                              void **bytes, size_t *size, nnt_error *error) {
  position *found = NULL;
  int64_t count = 0;
  nnt_status status = list(path, &found, &count, error);
  nnt_status damage = NNT_OK;
  for (int64_t i = 0; i < count && status == NNT_OK && *bytes == NULL; ++i) {
    char name[NNT_CHECKPOINT_NAME];
    file_name(found[i], name);
    join(path, name, file);
    damage = nnt_file_read_all(file, bytes, size, error);
    if (damage == NNT_OK) damage = nnt_checkpoint_verify(file, *bytes, *size, error);
    if (damage == NNT_OK) break;
    nnt_memory_free(bytes);
    nnt_message(log, NNT_LOG_WARNING, "%s: %s; skipped, trying the previous one", error->what,
                error->where);
  }
  if (status == NNT_OK && count > 0 && *bytes == NULL)
    status = nnt_fail(
        error, NNT_BAD_INPUT,
        "no checkpoint of the run is intact\n%s\nstart a new run in another directory", path);
  free(found);
  return status;
}

/* Broadcasts what rank 0 has read; every rank decodes it. */
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
                      "the directory contains no checkpoint\n%s\ngive the --output directory of "
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
