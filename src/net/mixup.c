/* Mixing samples in pairs. */
#include "net/mixup.h"

#include <math.h>

#include "base/rng.h"

/* Of a hundred tries more than 95 succeed; so many in a row never fail. */
#define TRIES 64

static double open_unit(uint32_t word) {
  return ((double)word + 1.0) * 0x1p-32; /* in (0, 1]: the log is finite */
}

/* The log of a gamma variable of shape alpha, which itself would vanish for a small alpha: one of
 * shape alpha + 1 times u^(1 / alpha). */
static double log_gamma(double alpha, uint64_t seed, uint32_t update, uint64_t stream) {
  const double pi = 3.14159265358979323846;
  double d = alpha + 1.0 - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d), found = log(d), boost = 0.0;
  for (uint64_t i = 0; i < TRIES; ++i) {
    nnt_rng_block block = nnt_rng_words(seed, NNT_RNG_MIXUP, update, 2 * i + stream);
    double angle = (double)block.word[1] * 0x1p-32;
    double x = sqrt(-2.0 * log(open_unit(block.word[0]))) * cos(2.0 * pi * angle);
    double root = 1.0 + c * x, v = root * root * root;
    boost = log(open_unit(block.word[3])) / alpha;
    if (!(v > 0.0)) continue;
    if (log(open_unit(block.word[2])) >= 0.5 * x * x + d - d * v + d * log(v)) continue;
    found = log(d * v);
    break;
  }
  return found + boost;
}

float nnt_mixup_share(double alpha, uint64_t seed, int64_t update) {
  double own = log_gamma(alpha, seed, (uint32_t)update, 0);
  double other = log_gamma(alpha, seed, (uint32_t)update, 1);
  return (float)(1.0 / (1.0 + exp(other - own)));
}

#define MIX(type)                                                                          \
  do {                                                                                     \
    const type *a = own, *b = partner;                                                     \
    for (int64_t i = 0; i < count; ++i) out[i] = share * (float)a[i] + rest * (float)b[i]; \
  } while (0)

void nnt_mixup_rows(nnt_element element, const void *own, const void *partner, int64_t count,
                    float share, float *out) {
  float rest = 1.0F - share;
  switch (element) {
    case NNT_U8:
      MIX(uint8_t);
      break;
    case NNT_I8:
      MIX(int8_t);
      break;
    case NNT_U16:
      MIX(uint16_t);
      break;
    case NNT_I16:
      MIX(int16_t);
      break;
    case NNT_F32:
    case NNT_ELEMENT_COUNT:
    default:
      MIX(float);
      break;
  }
}
