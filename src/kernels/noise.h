/* Random masks, one table per instruction set: pure functions of an element's position, never of
 * rank, thread or vector width. */
#ifndef NNT_KERNELS_NOISE_H
#define NNT_KERNELS_NOISE_H

#include <stdint.h>

/* Inverted dropout, as torch.nn.Dropout: kept elements are scaled by 1 / (1 - p). Srivastava et
 * al., JMLR 15, 2014. Element (position, unit) of layer `layer` (0: the input) in update `update`
 * is dropped when its 16 random bits are below `threshold` = p 2^16, rounded.
 *
 * Bits: Philox4x32-10 with the seed as key, counter words (index mod 2^32, index / 2^32, update mod
 * 2^32, purpose), index = (layer 2^31 + position) 2^21 + unit / 32 * 4 + b. The blocks b = 0 ... 3
 * of 32 units give, as little-endian numbers of 16 bits, first words 0 and 1 of each, then words 2
 * and 3 of each. */
typedef struct nnt_dropout {
  uint64_t seed;
  uint32_t layer;
  uint32_t update;
  float threshold; /* a whole number, 0 to 65535 */
  float scale;     /* of kept elements */
} nnt_dropout;

typedef struct nnt_noise_kernels {
  /* Rows [0, rows) of panel `panel` of a matrix, at positions from `position`: values *= mask, and
   * factors *= mask where it is not NULL. */
  void (*dropout)(const nnt_dropout *dropout, int64_t position, int64_t panel, int64_t rows,
                  float *values, float *factors);
  /* values += deviation * n, n standard normal: sqrt(2) erfinv((2 b + 1) / 2^16 - 1) with 16 bits b
   * drawn as for dropout of layer 0, but for the purpose NNT_RNG_AUGMENTATION and with indices from
   * 2^63. erfinv: Giles, GPU Computing Gems, 2011. Only seed and update of `dropout` are used. */
  void (*add_normal)(const nnt_dropout *dropout, float deviation, int64_t position, int64_t panel,
                     int64_t rows, float *values);
} nnt_noise_kernels;

#endif
