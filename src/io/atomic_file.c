/* Atomic files, and other files and directories, with system calls. */
#include "io/atomic_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

#define TEMPORARY_PREFIX ".nntrain-tmp-"
/* Characters of the final name that are part of a temporary one. */
#define SHOWN_NAME 100
/* Symbolic links that are followed, as many as Linux does. */
#define MAX_LINKS 40
#define COPY_BLOCK ((size_t)1 << 20)

struct nnt_atomic_file {
  char *final;
  char *temporary; /* in the same directory */
};

static nnt_status fail_system(const char *what, const char *path, int reason, const char *remedy,
                              nnt_error *error) {
  return nnt_fail(error, NNT_IO_ERROR, "%s\n%.500s: %s\n%s", what, path, strerror(reason), remedy);
}

static nnt_status fail_write(const char *path, int reason, nnt_error *error) {
  return fail_system("writing a file failed", path, reason,
                     "check the free space, the quota and the permissions", error);
}

static nnt_status fail_read(const char *path, int reason, nnt_error *error) {
  return fail_system("reading a file failed", path, reason, "check the path and its permissions",
                     error);
}

/* --- names --- */

/* The directory of a path, "." if it has none; owned by the caller; NULL if out of memory. */
static char *directory_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) return strdup(".");
  return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A unique name in a directory, over all processes and nodes, for the file that becomes `final`.
 * NULL if out of memory. */
static char *make_temporary(const char *directory, const char *final) {
  struct timespec now = {0};
  struct stat info;
  const char *slash = strrchr(final, '/');
  size_t size = strlen(directory) + sizeof TEMPORARY_PREFIX + SHOWN_NAME + 64;
  char *name = malloc(size);
  if (name == NULL) return NULL;
  do {
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)snprintf(name, size, "%s/" TEMPORARY_PREFIX "%.*s-%lx-%llx-%lx", directory, SHOWN_NAME,
                   slash != NULL ? slash + 1 : final, (long)getpid(), (long long)now.tv_sec,
                   (unsigned long)now.tv_nsec);
  } while (lstat(name, &info) == 0);
  return name;
}

/* The target of a symbolic link, relative to what `path` is relative to; NULL with errno on
 * failure. */
static char *read_link(const char *path) {
  char target[PATH_MAX];
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length < 0) return NULL;
  target[length] = '\0';
  const char *slash = strrchr(path, '/');
  size_t directory = target[0] == '/' || slash == NULL ? 0 : (size_t)(slash - path) + 1;
  char *name = malloc(directory + (size_t)length + 1);
  if (name == NULL) return NULL;
  memcpy(name, path, directory);
  memcpy(name + directory, target, (size_t)length + 1);
  return name;
}

/* The file to replace for a write to `path`: with follow_links, the target of a symbolic link. */
static nnt_status find_final(const char *path, bool follow_links, char **out, nnt_error *error) {
  struct stat info;
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
    return fail_system("cannot write this file", path, S_ISDIR(info.st_mode) ? EISDIR : EEXIST,
                       "give the name of a regular file", error);
  char *name = strdup(path);
  for (int i = 0; follow_links && name != NULL && i < MAX_LINKS; ++i) {
    if (lstat(name, &info) != 0 || !S_ISLNK(info.st_mode)) break;
    char *target = read_link(name);
    free(name);
    name = target;
  }
  *out = name;
  return name == NULL ? fail_write(path, errno, error) : NNT_OK;
}

static void free_file(nnt_atomic_file **file) {
  free((*file)->final);
  free((*file)->temporary);
  free(*file);
  *file = NULL;
}

static nnt_status begin(const char *path, bool follow_links, nnt_atomic_file **out,
                        nnt_error *error) {
  *out = NULL;
  nnt_atomic_file *file = calloc(1, sizeof *file);
  if (file == NULL) return nnt_fail_memory(error, sizeof *file, "a file");
  nnt_status status = find_final(path, follow_links, &file->final, error);
  char *directory = status == NNT_OK ? directory_of(file->final) : NULL;
  if (status == NNT_OK) {
    file->temporary = directory != NULL ? make_temporary(directory, file->final) : NULL;
    if (file->temporary == NULL)
      status = nnt_fail_memory(error, strlen(path), "the name of a file");
    else if (access(directory, W_OK | X_OK) != 0)
      status = fail_system("cannot write to this directory", directory, errno,
                           "create it, or choose a directory that you can write to", error);
  }
  free(directory);
  if (status != NNT_OK)
    free_file(&file);
  else
    *out = file;
  return status;
}

nnt_status nnt_atomic_begin(const char *path, nnt_atomic_file **out, nnt_error *error) {
  return begin(path, true, out, error);
}

const char *nnt_atomic_path(const nnt_atomic_file *file) {
  return file->temporary;
}

void nnt_atomic_abandon(nnt_atomic_file **file) {
  if (*file == NULL) return;
  (void)unlink((*file)->temporary);
  free_file(file);
}

void nnt_atomic_sweep(const char *directory, const char *const *names) {
  DIR *stream = opendir(directory);
  if (stream == NULL) return;
  for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
    const char *name = entry->d_name + strlen(TEMPORARY_PREFIX);
    if (strncmp(entry->d_name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) != 0) continue;
    bool found = false;
    for (int i = 0; names[i] != NULL; ++i)
      found = found || strncmp(name, names[i], strlen(names[i])) == 0;
    if (found) (void)unlinkat(dirfd(stream), entry->d_name, 0);
  }
  (void)closedir(stream);
}

/* --- flushing --- */

/* Some file systems cannot flush a directory (EINVAL); neither can a directory be flushed that is
 * writable but not readable. */
static bool flush_directory(const char *directory) {
  int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno == EACCES;
  bool good = fsync(descriptor) == 0 || errno == EINVAL;
  int reason = errno;
  (void)close(descriptor);
  errno = reason;
  return good;
}

static bool flush_directory_of(const char *path) {
  char *directory = directory_of(path);
  bool good = directory != NULL && flush_directory(directory);
  int reason = errno;
  free(directory);
  errno = reason;
  return good;
}

static bool flush_file(const char *path) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  bool good = fsync(descriptor) == 0;
  int reason = errno;
  if (close(descriptor) != 0 && good) return false;
  errno = reason;
  return good;
}

nnt_status nnt_atomic_commit(nnt_atomic_file **file, nnt_error *error) {
  nnt_status status = NNT_OK;
  if (!flush_file((*file)->temporary) || rename((*file)->temporary, (*file)->final) != 0 ||
      !flush_directory_of((*file)->final))
    status = fail_write((*file)->final, errno, error);
  if (status != NNT_OK)
    nnt_atomic_abandon(file);
  else
    free_file(file);
  return status;
}

/* --- bytes --- */

static bool write_all(int descriptor, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t written = write(descriptor, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes += written;
    size -= (size_t)written;
  }
  return true;
}

/* Up to `size` bytes, fewer only at the end of the file; -1 on failure. */
static ssize_t read_some(int descriptor, char *bytes, size_t size) {
  size_t got = 0;
  while (got < size) {
    ssize_t count = read(descriptor, bytes + got, size - got);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    got += (size_t)count;
  }
  return (ssize_t)got;
}

/* Closes; errno stays that of an earlier failure. */
static bool close_good(int descriptor, bool good) {
  int reason = errno;
  if (close(descriptor) != 0 && good) return false;
  errno = reason;
  return good;
}

static int create_temporary(const nnt_atomic_file *file) {
  return open(file->temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

/* Whether the file consists of these bytes, read from disk as far as the system drops its cache. */
static bool holds(int descriptor, const char *bytes, size_t size) {
  void *memory = NULL;
  nnt_error ignored;
  if (nnt_memory_allocate(COPY_BLOCK, "reading back", &memory, &ignored) != NNT_OK) {
    errno = ENOMEM;
    return false;
  }
  (void)posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  bool same = lseek(descriptor, 0, SEEK_SET) == 0;
  ssize_t count = same ? 1 : 0;
  size_t done = 0;
  while (same && count > 0) {
    errno = EIO;
    count = read_some(descriptor, memory, COPY_BLOCK);
    same = count >= 0 && (size_t)count <= size - done &&
           memcmp(memory, bytes + done, (size_t)count) == 0;
    if (same) done += (size_t)count;
  }
  if (same && done != size) errno = EIO;
  nnt_memory_free(&memory);
  return same && done == size;
}

static bool write_checked(int descriptor, const char *bytes, size_t size) {
  return write_all(descriptor, bytes, size) && fsync(descriptor) == 0 &&
         holds(descriptor, bytes, size);
}

nnt_status nnt_atomic_write(const char *path, const void *bytes, size_t size, nnt_error *error) {
  nnt_atomic_file *file = NULL;
  nnt_status status = nnt_atomic_begin(path, &file, error);
  if (status != NNT_OK) return status;
  int descriptor = create_temporary(file);
  if (descriptor < 0 || !close_good(descriptor, write_checked(descriptor, bytes, size)))
    status = fail_write(path, errno, error);
  if (status == NNT_OK) return nnt_atomic_commit(&file, error);
  nnt_atomic_abandon(&file);
  return status;
}

static nnt_status copy_blocks(int from, int to, const char *source, const char *target,
                              nnt_error *error) {
  void *block = NULL;
  nnt_status status = nnt_memory_allocate(COPY_BLOCK, "copying a file", &block, error);
  ssize_t count = 1;
  while (status == NNT_OK && count > 0) {
    count = read_some(from, block, COPY_BLOCK);
    if (count < 0)
      status = fail_read(source, errno, error);
    else if (!write_all(to, block, (size_t)count))
      status = fail_write(target, errno, error);
  }
  nnt_memory_free(&block);
  return status;
}

nnt_status nnt_atomic_copy_from(const nnt_atomic_file *file, const char *source, nnt_error *error) {
  int from = open(source, O_RDONLY | O_CLOEXEC);
  if (from < 0) return fail_read(source, errno, error);
  int to = create_temporary(file);
  nnt_status status = to < 0 ? fail_write(file->final, errno, error)
                             : copy_blocks(from, to, source, file->final, error);
  (void)close(from);
  if (to >= 0 && !close_good(to, true) && status == NNT_OK)
    status = fail_write(file->final, errno, error);
  return status;
}

nnt_status nnt_atomic_alias(const char *existing, const char *alias, nnt_error *error) {
  nnt_atomic_file *file = NULL;
  nnt_status status = begin(alias, false, &file, error);
  if (status != NNT_OK) return status;
  if (linkat(AT_FDCWD, existing, AT_FDCWD, file->temporary, AT_SYMLINK_FOLLOW) != 0)
    status = nnt_atomic_copy_from(file, existing, error);
  if (status != NNT_OK) {
    nnt_atomic_abandon(&file);
    return status;
  }
  char *temporary = strdup(file->temporary);
  status = nnt_atomic_commit(&file, error);
  /* rename() does nothing if both already are names of the same file. */
  if (temporary != NULL) (void)unlink(temporary);
  free(temporary);
  return status;
}

/* --- whole files --- */

nnt_status nnt_file_read_all(const char *path, void **bytes, size_t *size, nnt_error *error) {
  struct stat info;
  char extra = 0;
  *bytes = NULL;
  *size = 0;
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail_read(path, errno, error);
  nnt_status status = NNT_OK;
  if (fstat(descriptor, &info) != 0)
    status = fail_read(path, errno, error);
  else if (!S_ISREG(info.st_mode))
    status = fail_read(path, S_ISDIR(info.st_mode) ? EISDIR : EINVAL, error);
  if (status == NNT_OK)
    status = nnt_memory_allocate((size_t)info.st_size, "the contents of a file", bytes, error);
  if (status == NNT_OK) {
    ssize_t count = read_some(descriptor, *bytes, (size_t)info.st_size);
    if (count < 0)
      status = fail_read(path, errno, error);
    else if (count != info.st_size || read_some(descriptor, &extra, 1) != 0)
      status = fail_system("the file changed while it was read", path, EBUSY,
                           "try again when no program writes to it", error);
    else
      *size = (size_t)count;
  }
  (void)close(descriptor);
  if (status != NNT_OK) nnt_memory_free(bytes);
  return status;
}

nnt_status nnt_file_append(const char *path, const char *text, nnt_error *error) {
  int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) return fail_write(path, errno, error);
  off_t length = lseek(descriptor, 0, SEEK_END);
  bool good = length >= 0 && write_all(descriptor, text, strlen(text)) && fsync(descriptor) == 0;
  int reason = errno;
  if (!good && length >= 0 && ftruncate(descriptor, length) != 0) reason = errno;
  errno = reason;
  return close_good(descriptor, good) ? NNT_OK : fail_write(path, errno, error);
}

/* --- directories --- */

/* Creates one directory whose parents exist; an existing one is kept. */
static nnt_status create_one(const char *path, nnt_error *error) {
  struct stat info;
  if (mkdir(path, 0777) == 0)
    return flush_directory_of(path) ? NNT_OK : fail_write(path, errno, error);
  int reason = errno;
  if (stat(path, &info) == 0) {
    if (S_ISDIR(info.st_mode)) return NNT_OK;
    reason = ENOTDIR;
  }
  return fail_system("cannot create this directory", path, reason,
                     "choose another, in a directory that you can write to", error);
}

nnt_status nnt_directory_make(const char *path, nnt_error *error) {
  char *copy = strdup(path);
  if (copy == NULL) return nnt_fail_memory(error, strlen(path), "the name of a directory");
  nnt_status status = NNT_OK;
  size_t length = strlen(copy);
  while (length > 1 && copy[length - 1] == '/') copy[--length] = '\0';
  for (size_t i = 1; i < length && status == NNT_OK; ++i) {
    if (copy[i] != '/' || copy[i - 1] == '/') continue;
    copy[i] = '\0';
    status = create_one(copy, error);
    copy[i] = '/';
  }
  if (status == NNT_OK) status = create_one(copy, error);
  free(copy);
  return status;
}

nnt_status nnt_directory_check_writable(const char *path, nnt_error *error) {
  char *name = make_temporary(path, "check");
  if (name == NULL) return nnt_fail_memory(error, strlen(path), "the name of a file");
  nnt_status status = NNT_OK;
  int descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    status = fail_system("cannot write to this directory", path, errno,
                         "create it, or choose a directory that you can write to", error);
  } else {
    (void)close(descriptor);
    (void)unlink(name);
  }
  free(name);
  return status;
}

nnt_status nnt_file_check_other(const char *output, const char *input, nnt_error *error) {
  struct stat first, second;
  if (stat(output, &first) != 0 || stat(input, &second) != 0 || first.st_dev != second.st_dev ||
      first.st_ino != second.st_ino)
    return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "the output would replace its input\n--output %s\ngive another file", output);
}
