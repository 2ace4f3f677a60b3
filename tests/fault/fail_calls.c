/* Preloaded before the C library: calls on files of one directory that fail, fall short, lie, take
 * their time, never end, or are the last that the process makes.
 *
 *   NNT_FAULT_DIR    part of the path of the files that are meant
 *   NNT_FAULT_CALL   open, write, fsync, rename, link, read, truncate, or any
 *   NNT_FAULT_AT     which of these calls, from 1; 0: none
 *   NNT_FAULT_ALL    set: all that follow, too
 *   NNT_FAULT_RANK   only on this rank of mpirun's
 *   NNT_FAULT_AFTER  only when this file is there
 *   NNT_FAULT_HOW    fail (with NNT_FAULT_ERRNO), short (half is written), torn (half is written,
 *                    then it fails), lie (zeros are written), kill (the process ends before it),
 *                    slow (by NNT_FAULT_SECONDS), hang (as long as the process lives)
 *   NNT_FAULT_COUNT  file that gets the number of calls when the process ends
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long count;
static int torn; /* the next call fails */

static void *next(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value != NULL ? value : "";
}

static int how_is(const char *how) {
  return strcmp(setting("NNT_FAULT_HOW"), how) == 0;
}

/* For other ranks, or not yet. */
static int is_elsewhere(void) {
  const char *rank = setting("NNT_FAULT_RANK"), *after = setting("NNT_FAULT_AFTER");
  if (*rank != '\0' && strcmp(rank, setting("OMPI_COMM_WORLD_RANK")) != 0) return 1;
  return *after != '\0' && access(after, F_OK) != 0;
}

static void wait_seconds(double seconds) {
  struct timespec left = {.tv_sec = (time_t)seconds};
  left.tv_nsec = (long)(1e9 * (seconds - (double)left.tv_sec));
  while (nanosleep(&left, &left) != 0) continue;
}

/* Whether this call is one that is meant; ends the process when it is to. */
static int is_meant(const char *call, const char *path) {
  const char *directory = setting("NNT_FAULT_DIR"), *wanted = setting("NNT_FAULT_CALL");
  if (*directory == '\0' || strstr(path, directory) == NULL) return 0;
  if (strcmp(wanted, "any") != 0 && strcmp(wanted, call) != 0) return 0;
  if (is_elsewhere()) return 0;
  long at = strtol(setting("NNT_FAULT_AT"), NULL, 10);
  pthread_mutex_lock(&mutex);
  long number = ++count;
  int meant = at > 0 && (number == at || (number > at && *setting("NNT_FAULT_ALL") != '\0'));
  if (torn) meant = 1;
  torn = meant && !torn && how_is("torn");
  pthread_mutex_unlock(&mutex);
  if (meant && how_is("kill")) (void)kill(getpid(), SIGKILL);
  while (meant && how_is("hang")) wait_seconds(1.0);
  if (!meant || !how_is("slow")) return meant;
  wait_seconds(strtod(setting("NNT_FAULT_SECONDS"), NULL));
  return 0;
}

static int is_meant_open(const char *call, int descriptor) {
  char link[64], path[PATH_MAX] = "";
  (void)snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length > 0 ? length : 0] = '\0';
  return is_meant(call, path);
}

static int fails(void) {
  errno = (int)strtol(setting("NNT_FAULT_ERRNO"), NULL, 10);
  if (errno == 0) errno = ENOSPC;
  return -1;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = setting("NNT_FAULT_COUNT");
  FILE *file = *path != '\0' && !is_elsewhere() ? fopen(path, "w") : NULL;
  if (file == NULL) return;
  (void)fprintf(file, "%ld\n", count);
  (void)fclose(file);
}

int open(const char *path, int flags, ...) {
  int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))next("open");
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return is_meant("open", path) ? fails() : real(path, flags, mode);
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
  ssize_t (*real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))next("write");
  int second = torn;
  if (!is_meant_open("write", descriptor)) return real(descriptor, bytes, size);
  if ((how_is("short") || (how_is("torn") && !second)) && size > 1)
    return real(descriptor, bytes, size / 2);
  if (!how_is("lie")) return fails();
  void *zeros = calloc(1, size);
  ssize_t written = zeros != NULL ? real(descriptor, zeros, size) : -1;
  free(zeros);
  return written;
}

ssize_t read(int descriptor, void *bytes, size_t size) {
  ssize_t (*real)(int, void *, size_t) = (ssize_t(*)(int, void *, size_t))next("read");
  return is_meant_open("read", descriptor) ? fails() : real(descriptor, bytes, size);
}

/* What the C library calls pread, and what HDF5 calls. */
ssize_t pread(int descriptor, void *bytes, size_t size, off_t offset) {
  ssize_t (*real)(int, void *, size_t, off_t) =
      (ssize_t(*)(int, void *, size_t, off_t))next("pread");
  return is_meant_open("read", descriptor) ? fails() : real(descriptor, bytes, size, offset);
}

ssize_t pread64(int descriptor, void *bytes, size_t size, off_t offset) {
  return pread(descriptor, bytes, size, offset);
}

int fsync(int descriptor) {
  int (*real)(int) = (int (*)(int))next("fsync");
  return is_meant_open("fsync", descriptor) ? fails() : real(descriptor);
}

int ftruncate(int descriptor, off_t length) {
  int (*real)(int, off_t) = (int (*)(int, off_t))next("ftruncate");
  return is_meant_open("truncate", descriptor) ? fails() : real(descriptor, length);
}

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *) = (int (*)(const char *, const char *))next("rename");
  return is_meant("rename", to) ? fails() : real(from, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
  int (*real)(int, const char *, int, const char *, int) =
      (int (*)(int, const char *, int, const char *, int))next("linkat");
  return is_meant("link", to) ? fails() : real(from_folder, from, to_folder, to, flags);
}
