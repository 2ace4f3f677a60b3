/* What kind of file an input of `convert` is. */
#include <nntrain/convert.h>
#include <string.h>
#include <sys/stat.h>

#include "base/c_locale.h"
#include "convert/gz_stream.h"
#include "convert/idx.h"
#include "convert/libsvm_reader.h"
#include "convert/npy.h"

/* Enough for the comment that a LIBSVM file may begin with. */
#define BEGINNING_BYTES 16384

static nnt_convert_format format_of(const char *bytes, size_t size) {
  unsigned char magic[4] = {0};
  if (size >= sizeof magic) {
    memcpy(magic, bytes, sizeof magic);
    if (nnt_idx_begins(magic)) return NNT_CONVERT_IDX;
    /* A zip archive's first member, or the end of one that is empty. */
    if (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0) return NNT_CONVERT_NPZ;
  }
  if (size >= NNT_NPY_MAGIC_BYTES && memcmp(bytes, NNT_NPY_MAGIC, NNT_NPY_MAGIC_BYTES) == 0)
    return NNT_CONVERT_NPY;
  nnt_c_locale numbers = nnt_c_locale_begin();
  bool sparse = nnt_libsvm_begins(bytes);
  nnt_c_locale_end(&numbers);
  return sparse ? NNT_CONVERT_LIBSVM : NNT_CONVERT_CSV;
}

nnt_status nnt_convert_find_format(const char *path, nnt_convert_format *out, nnt_error *error) {
  struct stat info;
  char bytes[BEGINNING_BYTES + 1];
  size_t got = 0;
  nnt_gz_stream *stream = NULL;
  *out = NNT_CONVERT_CSV;
  if (stat(path, &info) == 0 && S_ISFIFO(info.st_mode)) return NNT_OK;
  nnt_status status = nnt_gz_open(path, &stream, error);
  if (status == NNT_OK) status = nnt_gz_read(stream, bytes, BEGINNING_BYTES, &got, error);
  nnt_gz_close(&stream);
  if (status != NNT_OK) return status;
  bytes[got] = '\0';
  *out = format_of(bytes, got);
  return NNT_OK;
}
