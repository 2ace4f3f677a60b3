/* Vectors of the instruction set that a file is compiled for: GNU vector extensions and an
 * explicit fused multiply-add. Only for sources compiled once per instruction set; everything is
 * static, so that the linker cannot pick a copy for a newer instruction set on an older CPU. */
#ifndef NNT_KERNELS_SIMD_H
#define NNT_KERNELS_SIMD_H

#include <stdint.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define ISA avx512
#define VECTOR 16 /* floats */
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define ISA avx2
#define VECTOR 8
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#define ISA neon
#define VECTOR 4
#else
#define ISA baseline
#define VECTOR 4
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
/* name_avx512, name_avx2, ... */
#define FOR_ISA(name) JOIN(name, ISA)

typedef float vf __attribute__((vector_size(VECTOR * sizeof(float)), may_alias));
typedef int32_t vi __attribute__((vector_size(VECTOR * sizeof(float)), may_alias));

/* One vector at an aligned address. */
static inline vf load(const float *p) {
  return *(const vf *)p;
}

static inline void store(float *p, vf x) {
  *(vf *)p = x;
}

/* a * b + c, rounded once where the instruction set has FMA. */
static inline vf fma_v(vf a, vf b, vf c) {
#if defined(__AVX512F__)
  return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__) && defined(__FMA__)
  return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}

/* Correctly rounded everywhere. */
static inline vf sqrt_v(vf a) {
#if defined(__AVX512F__)
  return (vf)_mm512_sqrt_ps((__m512)a);
#elif defined(__AVX2__) && defined(__FMA__)
  return (vf)_mm256_sqrt_ps((__m256)a);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  return (vf)vsqrtq_f32((float32x4_t)a);
#else
  vf root;
  for (int i = 0; i < VECTOR; ++i) root[i] = __builtin_sqrtf(a[i]);
  return root;
#endif
}

static inline vf splat(float x) {
  return x - (vf){0}; /* x - 0 is x, also for x = -0 */
}

/* One unaligned vector of small integers, as floats. GCC compiles the general form to scalar code;
 * x86 has an instruction. */
#if defined(__AVX512F__)
#define LOAD_INTEGERS(name, type, convert, width, suffix)                  \
  static inline vf name(const type *x) {                                   \
    return (vf)_mm512_cvtepi32_ps(                                         \
        _mm512_##convert(_mm##width##_loadu_si##suffix((const void *)x))); \
  }
LOAD_INTEGERS(load_u8, uint8_t, cvtepu8_epi32, , 128)
LOAD_INTEGERS(load_i8, int8_t, cvtepi8_epi32, , 128)
LOAD_INTEGERS(load_u16, uint16_t, cvtepu16_epi32, 256, 256)
LOAD_INTEGERS(load_i16, int16_t, cvtepi16_epi32, 256, 256)
#elif defined(__AVX2__) && defined(__FMA__)
#define LOAD_INTEGERS(name, type, convert, load_bits)                            \
  static inline vf name(const type *x) {                                         \
    return (vf)_mm256_cvtepi32_ps(_mm256_##convert(load_bits((const void *)x))); \
  }
LOAD_INTEGERS(load_u8, uint8_t, cvtepu8_epi32, _mm_loadl_epi64)
LOAD_INTEGERS(load_i8, int8_t, cvtepi8_epi32, _mm_loadl_epi64)
LOAD_INTEGERS(load_u16, uint16_t, cvtepu16_epi32, _mm_loadu_si128)
LOAD_INTEGERS(load_i16, int16_t, cvtepi16_epi32, _mm_loadu_si128)
#else
#define LOAD_INTEGERS(name, type)                                                        \
  static inline vf name(const type *x) {                                                 \
    typedef type stored __attribute__((vector_size(VECTOR * sizeof(type)), aligned(1))); \
    return __builtin_convertvector(__builtin_convertvector(*(const stored *)x, vi), vf); \
  }
LOAD_INTEGERS(load_u8, uint8_t)
LOAD_INTEGERS(load_i8, int8_t)
LOAD_INTEGERS(load_u16, uint16_t)
LOAD_INTEGERS(load_i16, int16_t)
#endif

/* mask ? a : b, lane by lane; mask lanes are 0 or -1. */
static inline vf select_v(vi mask, vf a, vf b) {
  return (vf)((mask & (vi)a) | (~mask & (vi)b));
}

/* Pairwise reduction of the lanes of x: lane i with lane i + VECTOR / 2, and so on down to one. */
typedef float four_lanes __attribute__((vector_size(4 * sizeof(float)), may_alias));

static inline float sum_v(vf x) {
  four_lanes part[VECTOR / 4] __attribute__((aligned(sizeof(vf))));
  *(vf *)part = x;
  for (int width = VECTOR / 8; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) part[i] += part[i + width];
  }
  return (part[0][0] + part[0][2]) + (part[0][1] + part[0][3]);
}

/* The largest lane of x; unspecified when there is a NaN. */
static inline float max_v(vf x) {
  float lane[VECTOR] __attribute__((aligned(sizeof(vf))));
  *(vf *)lane = x;
  for (int width = VECTOR / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lane[i] = lane[i] > lane[i + width] ? lane[i] : lane[i + width];
  }
  return lane[0];
}

#endif
