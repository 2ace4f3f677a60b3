/* Counter-based random numbers: a pure function of (seed, purpose, a, b, index), never of rank,
 * thread or call order.
 *
 * Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011. */
#ifndef NNT_BASE_RNG_H
#define NNT_BASE_RNG_H

#include <stdint.h>

/* What the numbers are used for; the values are part of what a seed means, so they never change. */
typedef enum nnt_rng_purpose {
  NNT_RNG_INITIAL_WEIGHTS = 1,
  NNT_RNG_SAMPLE_ORDER = 2,
  NNT_RNG_SYNTHETIC_DATA = 3,
  NNT_RNG_DROPOUT = 4,
  NNT_RNG_AUGMENTATION = 5,
  NNT_RNG_MIXUP = 6,
  NNT_RNG_SELECTION = 7
} nnt_rng_purpose;

typedef struct nnt_rng_block {
  uint32_t word[4];
} nnt_rng_block;

/* The raw generator: 128-bit counter, 64-bit key. */
nnt_rng_block nnt_philox(const uint32_t counter[4], const uint32_t key[2]);

/* Four 32-bit words for one index of one stream; `a` names the stream within the purpose (for
 * example a layer or an epoch), below 2^32. */
nnt_rng_block nnt_rng_words(uint64_t seed, nnt_rng_purpose purpose, uint32_t a, uint64_t index);

/* Uniform in [0, 1), 24 bits. */
float nnt_rng_uniform(uint64_t seed, nnt_rng_purpose purpose, uint32_t a, uint64_t index);

/* Standard normal: Box and Muller, Ann. Math. Stat. 29, 1958. */
float nnt_rng_normal(uint64_t seed, nnt_rng_purpose purpose, uint32_t a, uint64_t index);

#endif
