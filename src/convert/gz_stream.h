/* Reading a plain or gzip-compressed file sequentially.
 * Errors: NNT_BAD_INPUT with the path for a file that does not exist, a directory, or a damaged or
 * truncated gzip stream; NNT_IO_ERROR. */
#ifndef NNT_CONVERT_GZ_STREAM_H
#define NNT_CONVERT_GZ_STREAM_H

#include <nntrain/status.h>
#include <stddef.h>

typedef struct nnt_gz_stream nnt_gz_stream;

nnt_status nnt_gz_open(const char *path, nnt_gz_stream **out, nnt_error *error) NNT_MUST_CHECK;
/* *stream may be NULL. */
void nnt_gz_close(nnt_gz_stream **stream);
/* The path passed on opening. */
const char *nnt_gz_path(const nnt_gz_stream *stream);
/* Reads up to `size` bytes; *got is less only at the end of the file. */
nnt_status nnt_gz_read(nnt_gz_stream *stream, void *out, size_t size, size_t *got,
                       nnt_error *error) NNT_MUST_CHECK;

#endif
