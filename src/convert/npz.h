/* Recognising NPZ files, with and without libzip. */
#ifndef NNT_CONVERT_NPZ_H
#define NNT_CONVERT_NPZ_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A zip archive's first member, or the end of an archive without any. */
static inline bool nnt_npz_recognise(const char *bytes, size_t size) {
  return size >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0);
}

#endif
