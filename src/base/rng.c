/* Philox4x32-10 and the distributions drawn from it. */
#include "base/rng.h"

#include <math.h>

nnt_rng_block nnt_philox(const uint32_t counter[4], const uint32_t key[2]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = (uint64_t)0xD2511F53U * c0;
    uint64_t p1 = (uint64_t)0xCD9E8D57U * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return (nnt_rng_block){{c0, c1, c2, c3}};
}

nnt_rng_block nnt_rng_words(uint64_t seed, nnt_rng_purpose purpose, uint32_t a, uint64_t index) {
  const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), a, (uint32_t)purpose};
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  return nnt_philox(counter, key);
}

float nnt_rng_uniform(uint64_t seed, nnt_rng_purpose purpose, uint32_t a, uint64_t index) {
  nnt_rng_block block = nnt_rng_words(seed, purpose, a, index);
  return (float)(block.word[0] >> 8) * 0x1p-24F;
}

float nnt_rng_normal(uint64_t seed, nnt_rng_purpose purpose, uint32_t a, uint64_t index) {
  const double pi = 3.14159265358979323846;
  nnt_rng_block block = nnt_rng_words(seed, purpose, a, index);
  double radius = ((double)block.word[0] + 1.0) * 0x1p-32; /* in (0, 1]: the log is finite */
  double angle = (double)block.word[1] * 0x1p-32;
  return (float)(sqrt(-2.0 * log(radius)) * cos(2.0 * pi * angle));
}
