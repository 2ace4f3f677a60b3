/* A lock on a file, released when the process ends. */
#include "io/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Attempts, as the file may be replaced while it is being locked. */
#define TRIES 100

struct nnt_lock_file {
  int descriptor;
  char *path;
};

static nnt_status fail(const char *path, int reason, nnt_error *error) {
  return nnt_fail(
      error, NNT_IO_ERROR,
      "cannot lock the run directory\n%.500s: %s\ncheck the free space and the permissions", path,
      strerror(reason));
}

/* The holder has written its name to the file. */
static nnt_status fail_held(int descriptor, const char *path, nnt_error *error) {
  char holder[120] = "";
  ssize_t length = pread(descriptor, holder, sizeof holder - 1, 0);
  holder[length > 0 ? length : 0] = '\0';
  holder[strcspn(holder, "\n")] = '\0';
  return nnt_fail(error, NNT_BAD_USAGE,
                  "another run writes into this directory\n%.450s, held by %s\nwait for it to end, "
                  "or choose another --output",
                  path, holder[0] != '\0' ? holder : "another process");
}

/* Whether the path still names the open file, which its last holder may have removed meanwhile. */
static bool is_current(int descriptor, const char *path) {
  struct stat open_file, named;
  return fstat(descriptor, &open_file) == 0 && stat(path, &named) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

static bool has_no_locks(int reason) {
  return reason == ENOLCK || reason == ENOSYS || reason == EOPNOTSUPP || reason == EINVAL;
}

/* *descriptor is -1 if the file system has no locks. */
static nnt_status take(const char *path, int *descriptor, nnt_error *error) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  for (int i = 0; i < TRIES; ++i) {
    *descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*descriptor < 0) return fail(path, errno, error);
    bool held = fcntl(*descriptor, F_SETLK, &whole) == 0;
    int reason = errno;
    if (held && is_current(*descriptor, path)) return NNT_OK;
    nnt_status status = NNT_OK;
    if (!held && (reason == EACCES || reason == EAGAIN))
      status = fail_held(*descriptor, path, error);
    else if (!held && !has_no_locks(reason))
      status = fail(path, reason, error);
    (void)close(*descriptor);
    *descriptor = -1;
    if (!held) return status;
  }
  return fail(path, EBUSY, error);
}

static void write_holder(int descriptor) {
  char host[64] = "", text[120];
  (void)gethostname(host, sizeof host - 1);
  int length = snprintf(text, sizeof text, "%s, process %ld\n", host, (long)getpid());
  /* Needed only for the message that others get. */
  if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text, (size_t)length, 0) < 0) return;
}

nnt_status nnt_lock_file_take(const char *path, nnt_lock_file **out, nnt_error *error) {
  int descriptor = -1;
  *out = NULL;
  nnt_status status = take(path, &descriptor, error);
  if (status != NNT_OK || descriptor < 0) return status;
  nnt_lock_file *lock = calloc(1, sizeof *lock);
  char *copy = strdup(path);
  if (lock == NULL || copy == NULL) {
    free(lock);
    free(copy);
    (void)close(descriptor);
    return nnt_fail_memory(error, sizeof *lock, "a lock");
  }
  *lock = (nnt_lock_file){.descriptor = descriptor, .path = copy};
  write_holder(descriptor);
  *out = lock;
  return NNT_OK;
}

void nnt_lock_file_release(nnt_lock_file **lock) {
  if (*lock == NULL) return;
  if (is_current((*lock)->descriptor, (*lock)->path)) (void)unlink((*lock)->path);
  (void)close((*lock)->descriptor);
  free((*lock)->path);
  free(*lock);
  *lock = NULL;
}
