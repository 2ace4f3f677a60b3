/* The register tile: rows x two vectors of outputs, a broadcast times two vectors, k innermost.
 * Compiled once per instruction set. */
#include "kernels/microkernel.h"

#include <stddef.h>

#include "kernels/panels.h"
#include "kernels/simd.h"

#if defined(__AVX512F__)
#define MAX_ROWS 14 /* 28 accumulators + 2 of B + 1 broadcast, of 32 registers */
#elif defined(__ARM_NEON) && defined(__aarch64__)
#define MAX_ROWS 12
#else
#define MAX_ROWS 6 /* 12 accumulators, of 16 registers */
#endif

#define INLINE static inline __attribute__((always_inline))

/* k steps; `row_step` and `k_step` are the strides of A. All int parameters are constants after
 * inlining, so the accumulators live in registers. */
INLINE void multiply(const int rows, const int vectors, const int64_t row_step,
                     const int64_t k_step, int64_t k, const float *a, const float *b,
                     vf sum[MAX_ROWS][2]) {
  for (int64_t i = 0; i < k; ++i) {
    const vf *row = (const vf *)(b + i * NNT_PANEL);
    vf b0 = row[0];
    vf b1 = vectors > 1 ? row[1] : b0;
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r) {
      vf x = splat(a[r * row_step + i * k_step]);
      sum[r][0] = fma_v(x, b0, sum[r][0]);
      if (vectors > 1) sum[r][1] = fma_v(x, b1, sum[r][1]);
    }
  }
}

INLINE void store_tile(const int rows, const int vectors, vf sum[MAX_ROWS][2], float *c) {
#pragma GCC unroll 14
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) ((vf *)(c + r * NNT_PANEL))[v] = sum[r][v];
  }
}

INLINE void run_nn(const int rows, const int vectors, const nnt_tile *tile, float *unused) {
  vf sum[MAX_ROWS][2];
  (void)unused;
#pragma GCC unroll 14
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v)
      sum[r][v] = tile->start != NULL ? ((const vf *)tile->start)[v] : (vf){0};
  }
  const float *a = tile->a;
  const float *b = tile->b;
  int64_t left = tile->k;
  for (; left >= NNT_PANEL; left -= NNT_PANEL) {
    multiply(rows, vectors, NNT_PANEL, 1, NNT_PANEL, a, b, sum);
    a += tile->a_stride;
    b += NNT_PANEL * NNT_PANEL;
  }
  multiply(rows, vectors, NNT_PANEL, 1, left, a, b, sum);
  store_tile(rows, vectors, sum, tile->c);
}

/* Floats per tile on the stack of partial sums. */
#define ENTRY (MAX_ROWS * NNT_PANEL)

INLINE void run_tn(const int rows, const int vectors, const nnt_tile *tile, float *stack) {
  const nnt_granules *granules = tile->granules;
  const float *a = tile->a;
  const float *b = tile->b;
  for (int64_t g = 0; g < granules->count; ++g) {
    const nnt_sum_step *step = &granules->steps[g];
    int64_t k = granules->begin[g + 1] - granules->begin[g];
    vf sum[MAX_ROWS][2];
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r) {
      for (int v = 0; v < vectors; ++v) sum[r][v] = (vf){0};
    }
    multiply(rows, vectors, 1, NNT_PANEL, k, a, b, sum);
    a += k * NNT_PANEL;
    b += k * NNT_PANEL;
    for (int m = step->merges; m > 0; --m) {
      const float *entry = stack + (step->place + m - 1) * ENTRY;
#pragma GCC unroll 14
      for (int r = 0; r < rows; ++r) {
        for (int v = 0; v < vectors; ++v) sum[r][v] += ((const vf *)(entry + r * NNT_PANEL))[v];
      }
    }
    store_tile(
        rows, vectors, sum,
        step->output < 0 ? stack + step->place * ENTRY : tile->c + step->output * tile->distance);
  }
}

#define CASE(rows)               \
  case rows:                     \
    if (tile->columns > VECTOR)  \
      run(rows, 2, tile, stack); \
    else                         \
      run(rows, 1, tile, stack); \
    break

typedef void (*tile_function)(int rows, int vectors, const nnt_tile *tile, float *stack);

/* One specialisation per number of rows and vectors: `run` is inlined into every case. */
INLINE void dispatch(tile_function run, const nnt_tile *tile, float *stack) {
  switch (tile->rows) {
    CASE(1);
    CASE(2);
    CASE(3);
    CASE(4);
    CASE(5);
    CASE(6);
#if MAX_ROWS >= 12
    CASE(7);
    CASE(8);
    CASE(9);
    CASE(10);
    CASE(11);
    CASE(12);
#endif
#if MAX_ROWS >= 14
    CASE(13);
    CASE(14);
#endif
    default:
      break;
  }
}

static void nn(const nnt_tile *tile) {
  dispatch(run_nn, tile, NULL);
}

static void tn(const nnt_tile *tile) {
  _Alignas(64) float stack[NNT_SUM_PLACES * ENTRY];
  dispatch(run_tn, tile, stack);
}

static double spin(int64_t repeats) {
  enum { CHAINS = 12 }; /* more than latency times FMA units, and fits every register file */
  vf sum[CHAINS];
  volatile float source = 0.5F;
  volatile float sink;
  const vf a = splat(source), b = splat(source);
#pragma GCC unroll 12
  for (int i = 0; i < CHAINS; ++i) sum[i] = splat(source);
  for (int64_t repeat = 0; repeat < repeats; ++repeat) {
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; ++i) sum[i] = fma_v(sum[i], a, b);
  }
#pragma GCC unroll 12
  for (int i = 0; i < CHAINS; ++i) sink = sum[i][0];
  (void)sink;
  return 2.0 * CHAINS * VECTOR * (double)repeats;
}

extern const nnt_microkernel FOR_ISA(nnt_microkernel_);
const nnt_microkernel FOR_ISA(nnt_microkernel_) = {
    .max_rows = MAX_ROWS, .max_columns = 2 * VECTOR, .nn = nn, .tn = tn, .spin = spin};
