/* Random masks. Compiled once per instruction set. */
#include "kernels/noise.h"

#include <stddef.h>
#include <string.h>

#include "base/rng.h"
#include "kernels/panels.h"
#include "kernels/simd.h"
#include "kernels/vector_math.h"

/* Blocks of random numbers per row of a panel, and rows at a time. */
enum { BLOCKS = 4, ROWS = 2, LANES = VECTOR / 2 };

/* One 32-bit word in each lane of 64 bits; the upper half is ignored. */
typedef uint64_t vw __attribute__((vector_size(VECTOR * sizeof(float)), may_alias));

/* Products of the lanes' words, 64 bits. */
static inline vw multiply_words(vw a, uint32_t factor) {
  vw b = factor - (vw){0};
#if defined(__AVX512F__)
  return (vw)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__) && defined(__FMA__)
  return (vw)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#else
  return (a & 0xFFFFFFFFU) * b;
#endif
}

/* Philox4x32-10 (base/rng.h) for indices first, first + 1, ...: words 0 and 1 to *low, 2 and 3 to
 * *high. */
static inline void philox_v(const nnt_dropout *dropout, nnt_rng_purpose purpose, vw index, vw *low,
                            vw *high) {
  vw c0 = index, c1 = index >> 32, c2 = dropout->update - (vw){0}, c3 = (uint64_t)purpose - (vw){0};
  uint32_t k0 = (uint32_t)dropout->seed, k1 = (uint32_t)(dropout->seed >> 32);
  for (int round = 0; round < 10; ++round) {
    vw p0 = multiply_words(c0, 0xD2511F53U);
    vw p1 = multiply_words(c2, 0xCD9E8D57U);
    c0 = (p1 >> 32) ^ c1 ^ k0;
    c1 = p1;
    c2 = (p0 >> 32) ^ c3 ^ k1;
    c3 = p0;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  *low = (c0 & 0xFFFFFFFFU) | (c1 << 32);
  *high = (c2 & 0xFFFFFFFFU) | (c3 << 32);
}

/* 16 bits for every element of two rows; `base` is added to the indices. */
static inline void draw(const nnt_dropout *dropout, nnt_rng_purpose purpose, uint64_t base,
                        int64_t position, int64_t panel, uint16_t bits[ROWS][NNT_PANEL]) {
  uint64_t low[ROWS * BLOCKS], high[ROWS * BLOCKS];
  for (int i = 0; i < ROWS * BLOCKS; i += LANES) {
    vw index, first, second;
    for (int lane = 0; lane < LANES; ++lane) {
      int row = (i + lane) / BLOCKS, block = (i + lane) % BLOCKS;
      index[lane] = base + ((((uint64_t)dropout->layer << 31) + (uint64_t)(position + row)) << 21) +
                    (uint64_t)(panel * BLOCKS + block);
    }
    philox_v(dropout, purpose, index, &first, &second);
    memcpy(low + i, &first, sizeof first);
    memcpy(high + i, &second, sizeof second);
  }
  for (int row = 0; row < ROWS; ++row) {
    memcpy(bits[row], low + row * BLOCKS, BLOCKS * sizeof *low);
    memcpy(bits[row] + NNT_PANEL / 2, high + row * BLOCKS, BLOCKS * sizeof *high);
  }
}

static void dropout(const nnt_dropout *call, int64_t position, int64_t panel, int64_t rows,
                    float *values, float *factors) {
  const vf threshold = splat(call->threshold), scale = splat(call->scale);
  for (int64_t first = 0; first < rows; first += ROWS) {
    uint16_t bits[ROWS][NNT_PANEL];
    int64_t count = rows - first < ROWS ? rows - first : ROWS;
    draw(call, NNT_RNG_DROPOUT, 0, position + first, panel, bits);
    for (int64_t i = 0; i < count * NNT_PANEL; i += VECTOR) {
      vf factor = (vf)((vi)scale & (load_u16(&bits[0][0] + i) >= threshold));
      float *value = values + first * NNT_PANEL + i;
      store(value, load(value) * factor);
      if (factors == NULL) continue;
      value = factors + first * NNT_PANEL + i;
      store(value, load(value) * factor);
    }
  }
}

/* The inverse of erf on (-1, 1). */
static inline vf erfinv_v(vf x) {
  static const float centre[] = {2.81022636e-08F,  3.43273939e-07F, -3.5233877e-06F,
                                 -4.39150654e-06F, 0.00021858087F,  -0.00125372503F,
                                 -0.00417768164F,  0.246640727F,    1.50140941F};
  static const float tails[] = {-0.000200214257F, 0.000100950558F, 0.00134934322F,
                                -0.00367342844F,  0.00573950773F,  -0.0076224613F,
                                0.00943887047F,   1.00167406F,     2.83297682F};
  vf w = -log_v((splat(1.0F) - x) * (splat(1.0F) + x));
  vf near = polynomial(w - splat(2.5F), centre, 9);
  vf far = polynomial(sqrt_v(w) - splat(3.0F), tails, 9);
  return x * select_v(w < splat(5.0F), near, far);
}

static void add_normal(const nnt_dropout *call, float deviation, int64_t position, int64_t panel,
                       int64_t rows, float *values) {
  const vf factor = splat(deviation * 1.41421356F);
  for (int64_t first = 0; first < rows; first += ROWS) {
    uint16_t bits[ROWS][NNT_PANEL];
    int64_t count = rows - first < ROWS ? rows - first : ROWS;
    draw(call, NNT_RNG_AUGMENTATION, UINT64_C(1) << 63, position + first, panel, bits);
    for (int64_t i = 0; i < count * NNT_PANEL; i += VECTOR) {
      vf x = fma_v(load_u16(&bits[0][0] + i), splat(0x1p-15F), splat(0x1p-16F - 1.0F));
      float *value = values + first * NNT_PANEL + i;
      store(value, fma_v(factor, erfinv_v(x), load(value)));
    }
  }
}

extern const nnt_noise_kernels FOR_ISA(nnt_noise_);
const nnt_noise_kernels FOR_ISA(nnt_noise_) = {.dropout = dropout, .add_normal = add_normal};
