/* SHA-256 (FIPS 180-4) by OpenSSL's libcrypto. */
#ifndef NNT_BASE_SHA256_H
#define NNT_BASE_SHA256_H

#include <nntrain/status.h>
#include <stddef.h>

/* 64 hexadecimal digits and the terminating zero. */
#define NNT_SHA256_TEXT 65

typedef struct nnt_sha256 nnt_sha256;

nnt_status nnt_sha256_create(nnt_sha256 **out, nnt_error *error) NNT_MUST_CHECK;
void nnt_sha256_destroy(nnt_sha256 **hash);
nnt_status nnt_sha256_add(nnt_sha256 *hash, const void *bytes, size_t count,
                          nnt_error *error) NNT_MUST_CHECK;
/* Ends the computation and writes the digits. */
nnt_status nnt_sha256_finish(nnt_sha256 *hash, char text[NNT_SHA256_TEXT],
                             nnt_error *error) NNT_MUST_CHECK;

/* All of the above for one block of memory. */
nnt_status nnt_sha256_of(const void *bytes, size_t count, char text[NNT_SHA256_TEXT],
                         nnt_error *error) NNT_MUST_CHECK;

#endif
