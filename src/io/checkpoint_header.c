/* The checkpoint's first 512 bytes: format, length and SHA-256. */
#include "io/checkpoint_header.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "io/checkpoint.h"

#define MAGIC "nntrain-checkpoint "

/* From this format on the checksum is also of the lines before it: a flipped bit of the format's
 * number does not make an older checkpoint of it. */
#define LINES_HASHED 4

static nnt_status hash(const char *lines, const void *rest, size_t size,
                       char digest[NNT_SHA256_TEXT], nnt_error *error) {
  nnt_sha256 *state = NULL;
  nnt_status status = nnt_sha256_create(&state, error);
  if (status == NNT_OK) status = nnt_sha256_add(state, lines, strlen(lines), error);
  if (status == NNT_OK) status = nnt_sha256_add(state, rest, size, error);
  if (status == NNT_OK) status = nnt_sha256_finish(state, digest, error);
  nnt_sha256_destroy(&state);
  return status;
}

nnt_status nnt_checkpoint_header(const void *bytes, size_t size, int version,
                                 char header[NNT_CHECKPOINT_HEADER], nnt_error *error) {
  char digest[NNT_SHA256_TEXT], lines[80];
  const char *rest = (const char *)bytes + NNT_CHECKPOINT_HEADER;
  (void)snprintf(lines, sizeof lines, MAGIC "%d\nbytes %zu\n", version, size);
  nnt_status status =
      hash(version >= LINES_HASHED ? lines : "", rest, size - NNT_CHECKPOINT_HEADER, digest, error);
  if (status != NNT_OK) return status;
  memset(header, 0, NNT_CHECKPOINT_HEADER);
  (void)snprintf(header, NNT_CHECKPOINT_HEADER, "%ssha256 %s\n", lines, digest);
  return NNT_OK;
}

bool nnt_checkpoint_recognize(const void *bytes, size_t size) {
  return size >= strlen(MAGIC) && memcmp(bytes, MAGIC, strlen(MAGIC)) == 0;
}

/* The version that the header states; 0 when it states none. */
static int version_of(const char *bytes) {
  int version = 0;
  char start[64] = "";
  memcpy(start, bytes, sizeof start - 1);
  return sscanf(start, MAGIC "%d", &version) == 1 && version > 0 ? version : 0;
}

nnt_status nnt_checkpoint_verify(const char *name, const void *bytes, size_t size,
                                 nnt_error *error) {
  char expected[NNT_CHECKPOINT_HEADER];
  if (!nnt_checkpoint_recognize(bytes, size))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "not a checkpoint\n%s\ngive a checkpoint-*.h5, best.h5 or last.h5 of a run",
                    name);
  int version = size > NNT_CHECKPOINT_HEADER ? version_of(bytes) : 0;
  if (version > 0) {
    nnt_status status = nnt_checkpoint_header(bytes, size, version, expected, error);
    if (status != NNT_OK) return status;
    bool whole = memcmp(bytes, expected, sizeof expected) == 0;
    if (whole && version <= NNT_CHECKPOINT_VERSION) return NNT_OK;
    if (whole)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "a checkpoint of a newer format\n%s, format %d; this program reads up to "
                      "%d\ninstall a newer nntrain",
                      name, version, NNT_CHECKPOINT_VERSION);
  }
  return nnt_fail(error, NNT_BAD_INPUT,
                  "a damaged checkpoint\n%s: its checksum does not match\nuse another "
                  "checkpoint of the run",
                  name);
}
