/* Reading plain and gzip-compressed files with zlib. */
#include "convert/gz_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define ZLIB_BUFFER (256U << 10)
/* gzread takes an unsigned count and returns an int. */
#define MAX_READ ((size_t)1 << 30)

struct nnt_gz_stream {
  gzFile file;
  char *path;
};

static nnt_status open_descriptor(const char *path, int *out, nnt_error *error) {
  struct stat info;
  *out = open(path, O_RDONLY | O_CLOEXEC);
  if (*out < 0)
    return nnt_fail(error, NNT_BAD_INPUT, "cannot open the input\n%s: %s\ncheck the path", path,
                    strerror(errno));
  if (fstat(*out, &info) != 0 || S_ISDIR(info.st_mode)) {
    (void)close(*out);
    return nnt_fail(error, NNT_BAD_INPUT, "not a file\n%s is a directory\ncheck the path", path);
  }
  return NNT_OK;
}

nnt_status nnt_gz_open(const char *path, nnt_gz_stream **out, nnt_error *error) {
  int descriptor = -1;
  *out = NULL;
  nnt_status status = open_descriptor(path, &descriptor, error);
  if (status != NNT_OK) return status;
  nnt_gz_stream *stream = calloc(1, sizeof *stream);
  char *copy = strdup(path);
  gzFile file = stream != NULL && copy != NULL ? gzdopen(descriptor, "rb") : NULL;
  if (stream == NULL || copy == NULL || file == NULL) {
    (void)close(descriptor);
    free(stream);
    free(copy);
    return nnt_fail_memory(error, ZLIB_BUFFER, "reading a file");
  }
  (void)gzbuffer(file, ZLIB_BUFFER);
  stream->file = file;
  stream->path = copy;
  *out = stream;
  return NNT_OK;
}

void nnt_gz_close(nnt_gz_stream **stream) {
  if (*stream == NULL) return;
  (void)gzclose_r((*stream)->file);
  free((*stream)->path);
  free(*stream);
  *stream = NULL;
}

const char *nnt_gz_path(const nnt_gz_stream *stream) {
  return stream->path;
}

static nnt_status check(const nnt_gz_stream *stream, nnt_error *error) {
  int code = Z_OK;
  int reason = errno;
  const char *text = gzerror(stream->file, &code);
  if (code == Z_OK || code == Z_STREAM_END) return NNT_OK;
  if (code == Z_ERRNO)
    return nnt_fail(error, NNT_IO_ERROR, "reading failed\n%s: %s\ncheck the file system",
                    stream->path, strerror(reason));
  if (code == Z_MEM_ERROR) return nnt_fail_memory(error, ZLIB_BUFFER, "reading a gzip file");
  return nnt_fail(error, NNT_BAD_INPUT, "%s gzip file\n%s%s%s\ndownload or create the file again",
                  code == Z_BUF_ERROR ? "truncated" : "damaged", stream->path,
                  code == Z_BUF_ERROR ? "" : ": zlib says ", code == Z_BUF_ERROR ? "" : text);
}

nnt_status nnt_gz_read(nnt_gz_stream *stream, void *out, size_t size, size_t *got,
                       nnt_error *error) {
  char *next = out;
  *got = 0;
  while (*got < size) {
    size_t wanted = size - *got < MAX_READ ? size - *got : MAX_READ;
    int count = gzread(stream->file, next, (unsigned)wanted);
    if (count < 0 || (size_t)count < wanted) {
      nnt_status status = check(stream, error);
      if (status != NNT_OK) return status;
    }
    if (count <= 0) break;
    next += count;
    *got += (size_t)count;
  }
  return NNT_OK;
}
