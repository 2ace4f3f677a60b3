/* A fast 64-bit hash of floats' bits, to find out whether copies are the same. It does not protect
 * against intent (base/sha256.h does). */
#ifndef NNT_NET_FINGERPRINT_H
#define NNT_NET_FINGERPRINT_H

#include <stdint.h>

/* Of `count` floats, going on from `seed`; the same for any number of threads. Arrays that differ
 * in one word of 64 bits, floats 2i and 2i + 1, never have the same hash; others by chance, 1 in
 * 2^64. */
uint64_t nnt_fingerprint(uint64_t seed, const float *values, int64_t count, int threads);

#endif
