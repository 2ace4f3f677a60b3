/* SHA-256 by OpenSSL's libcrypto. */
#include "base/sha256.h"

#include <openssl/evp.h>

/* Hides OpenSSL's context, so that its headers stay in this file. */
struct nnt_sha256 {
  EVP_MD_CTX *context;
};

static nnt_status fail(nnt_error *error) {
  return nnt_fail(error, NNT_INTERNAL,
                  "cannot compute SHA-256\nOpenSSL's libcrypto\n"
                  "check the OpenSSL installation");
}

nnt_status nnt_sha256_create(nnt_sha256 **out, nnt_error *error) {
  *out = NULL;
  nnt_sha256 *hash = OPENSSL_zalloc(sizeof *hash);
  if (hash == NULL) return nnt_fail_memory(error, sizeof *hash, "a SHA-256 context");
  hash->context = EVP_MD_CTX_new();
  if (hash->context == NULL || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1) {
    nnt_sha256_destroy(&hash);
    return fail(error);
  }
  *out = hash;
  return NNT_OK;
}

void nnt_sha256_destroy(nnt_sha256 **hash) {
  if (*hash == NULL) return;
  EVP_MD_CTX_free((*hash)->context);
  OPENSSL_free(*hash);
  *hash = NULL;
}

nnt_status nnt_sha256_add(nnt_sha256 *hash, const void *bytes, size_t count, nnt_error *error) {
  return EVP_DigestUpdate(hash->context, bytes, count) == 1 ? NNT_OK : fail(error);
}

nnt_status nnt_sha256_finish(nnt_sha256 *hash, char text[NNT_SHA256_TEXT], nnt_error *error) {
  static const char digits[] = "0123456789abcdef";
  unsigned char value[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_DigestFinal_ex(hash->context, value, &length) != 1 || length != 32) return fail(error);
  for (unsigned int i = 0; i < length; ++i) {
    text[2 * i] = digits[value[i] >> 4];
    text[2 * i + 1] = digits[value[i] & 15];
  }
  text[2 * length] = '\0';
  return NNT_OK;
}

nnt_status nnt_sha256_of(const void *bytes, size_t count, char text[NNT_SHA256_TEXT],
                         nnt_error *error) {
  nnt_sha256 *hash = NULL;
  nnt_status status = nnt_sha256_create(&hash, error);
  if (status == NNT_OK) status = nnt_sha256_add(hash, bytes, count, error);
  if (status == NNT_OK) status = nnt_sha256_finish(hash, text, error);
  nnt_sha256_destroy(&hash);
  return status;
}
