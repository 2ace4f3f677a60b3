/* Elementwise and row kernels. Compiled once per instruction set. */
#include "kernels/elementwise.h"

#include <math.h>
#include <stddef.h>

#include "kernels/row_tools.h"
#include "kernels/simd.h"
#include "kernels/vector_math.h"

/* --- rows of logits --- */

/* The largest entry of a row. A NaN in the row need not be it: its exponential is one too. */
static inline float largest(const nnt_panels *z, int64_t row) {
  vf most = splat(-INFINITY);
  for (int64_t c = 0; c < z->columns; c += VECTOR) {
    vf x = load(at(z, row, c));
    most = select_v((x > most) & columns_below(c, z->columns), x, most);
  }
  return max_v(most);
}

/* gradient = exp(z - most); returns the sum. */
static inline float exponentials(const nnt_rows *rows, int64_t row, float most) {
  const nnt_panels *z = &rows->logits, *g = &rows->gradient;
  const int64_t padded = nnt_panel_count(z->columns) * NNT_PANEL;
  vf lanes[VECTORS] = {{0}};
  int64_t c = 0;
  for (; c < z->columns; c += VECTOR) {
    vf e = exp_v(load(at(z, row, c)) - splat(most));
    e = (vf)((vi)e & columns_below(c, z->columns));
    store(at(g, row, c), e);
    lanes[c % NNT_PANEL / VECTOR] += e;
  }
  for (; c < padded; c += VECTOR) store(at(g, row, c), splat(0.0F));
  return sum_lanes(lanes);
}

/* Rows of a group share the vectors of what is computed once a row. */
#define GROUP 32

static void softmax_group(const nnt_rows *rows, int64_t first, int64_t count) {
  const nnt_panels *g = &rows->gradient;
  float most[GROUP] __attribute__((aligned(64))), sum[GROUP] __attribute__((aligned(64)));
  float factor[GROUP] __attribute__((aligned(64)));
  for (int i = 0; i < GROUP; ++i) most[i] = sum[i] = 1.0F;
  for (int64_t i = 0; i < count; ++i) {
    most[i] = largest(&rows->logits, first + i);
    sum[i] = exponentials(rows, first + i, most[i]);
  }
  for (int i = 0; i < GROUP; i += VECTOR) {
    store(factor + i, splat(rows->scale) / load(sum + i));
    store(most + i, log_v(load(sum + i)) + load(most + i));
  }
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t c = 0; c < g->columns; c += VECTOR)
      store(at(g, first + i, c), load(at(g, first + i, c)) * splat(factor[i]));
    rows->loss[first + i] = most[i];
  }
}

static void softmax(const nnt_rows *rows) {
  for (int64_t r = rows->begin; r < rows->end; r += GROUP)
    softmax_group(rows, r, rows->end - r < GROUP ? rows->end - r : GROUP);
}

/* Loss and derivative of one entry: z, or the output a, and its target. */
typedef void (*entry_loss)(vf a, vf t, vf *loss, vf *gradient);

/* The mean over a row's entries. `entry` is inlined. */
static inline __attribute__((always_inline)) void mean_of_entries(const nnt_rows *rows,
                                                                  entry_loss entry) {
  const nnt_panels *z = &rows->logits;
  const int64_t padded = nnt_panel_count(z->columns) * NNT_PANEL;
  const float mean = 1.0F / (float)z->columns;
  for (int64_t r = rows->begin; r < rows->end; ++r) {
    vf lanes[VECTORS] = {{0}};
    for (int64_t c = 0; c < padded; c += VECTOR) {
      vi inside = columns_below(c, z->columns);
      vf loss, g;
      entry(load(at(z, r, c)), load(at(&rows->target, r, c)), &loss, &g);
      lanes[c % NNT_PANEL / VECTOR] += (vf)((vi)loss & inside);
      g *= splat(rows->scale * mean);
      store(at(&rows->gradient, r, c), (vf)((vi)g & inside));
    }
    rows->loss[r] = sum_lanes(lanes) * mean;
  }
}

static inline vf magnitude_of(vf x) {
  return (vf)((vi)x & ~(vi)splat(-0.0F));
}

/* softplus(z) - t z = max(z, 0) - t z + log(1 + exp(-|z|)). */
static inline void logistic_entry(vf x, vf t, vf *loss, vf *gradient) {
  vf positive = (vf)((vi)x & ~(x < splat(0.0F)));
  *loss = fma_v(-t, x, positive) + log1p_v(exp_v(-magnitude_of(x)));
  *gradient = sigmoid_v(x) - t;
}

/* A NaN is on the far side of every comparison and comes through. */
static inline void huber_entry(vf a, vf t, vf *loss, vf *gradient) {
  vf d = a - t, size = magnitude_of(d), one = splat(1.0F);
  *loss = select_v(size < one, splat(0.5F) * d * d, size - splat(0.5F));
  *gradient = select_v(d > one, one, select_v(d < -one, -one, d));
}

static inline void absolute_entry(vf a, vf t, vf *loss, vf *gradient) {
  vf d = a - t, one = splat(1.0F), zero = splat(0.0F);
  *loss = magnitude_of(d);
  *gradient = select_v(d > zero, one, select_v(d < zero, -one, d));
}

static inline void poisson_entry(vf z, vf t, vf *loss, vf *gradient) {
  vf rate = exp_v(z);
  *loss = fma_v(-t, z, rate);
  *gradient = rate - t;
}

static void binary_cross_entropy(const nnt_rows *rows) {
  mean_of_entries(rows, logistic_entry);
}

static void huber(const nnt_rows *rows) {
  mean_of_entries(rows, huber_entry);
}

static void absolute_error(const nnt_rows *rows) {
  mean_of_entries(rows, absolute_entry);
}

static void poisson(const nnt_rows *rows) {
  mean_of_entries(rows, poisson_entry);
}

static void exponential(float *values, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) store(values + i, exp_v(load(values + i)));
}

static void squared_error(const nnt_rows *rows) {
  const nnt_panels *a = &rows->logits;
  const int64_t padded = nnt_panel_count(a->columns) * NNT_PANEL;
  for (int64_t r = rows->begin; r < rows->end; ++r) {
    vf lanes[VECTORS] = {{0}};
    for (int64_t c = 0; c < padded; c += VECTOR) {
      vf d = load(at(a, r, c)) - load(at(&rows->target, r, c));
      d = (vf)((vi)d & columns_below(c, a->columns));
      vf *lane = &lanes[c % NNT_PANEL / VECTOR];
      *lane = fma_v(d, d, *lane);
      store(at(&rows->gradient, r, c), d * splat(rows->scale));
    }
    rows->loss[r] = sum_lanes(lanes);
  }
}

/* --- gathering samples --- */

/* Samples lie anywhere in memory: some bytes of those ahead are prefetched; of a long one the
 * start, the hardware prefetcher goes on from there. */
#define LEAST_AHEAD 4
#define BYTES_AHEAD 2048

static inline int64_t rows_ahead(int64_t bytes) {
  return bytes * LEAST_AHEAD >= BYTES_AHEAD ? LEAST_AHEAD : BYTES_AHEAD / (bytes + 1);
}

static inline void prefetch(const char *from, int64_t bytes) {
  for (int64_t i = 0; i < bytes && i < BYTES_AHEAD; i += 64) __builtin_prefetch(from + i);
}

/* One vector of stored elements as floats. */
static inline vf load_f32(const float *x) {
  typedef vf stored __attribute__((aligned(4)));
  return *(const stored *)x;
}

#define GATHER(name, type, load_stored)                                                         \
  static void name(const nnt_gather *call) {                                                    \
    const float *shift = call->shift + call->begin, *scale = call->scale + call->begin;         \
    const int64_t columns = call->end - call->begin, stride = call->stride;                     \
    const int64_t bytes = columns * (int64_t)sizeof(type), ahead = rows_ahead(bytes);           \
    for (int64_t r = 0; r < call->count; ++r) {                                                 \
      const type *x = (const type *)call->rows[r] + call->begin;                                \
      float *out = call->out + r * NNT_PANEL;                                                   \
      int64_t c = 0;                                                                            \
      if (r + ahead < call->count)                                                              \
        prefetch((const char *)((const type *)call->rows[r + ahead] + call->begin), bytes);     \
      for (; c + NNT_PANEL <= columns; c += NNT_PANEL, out += stride) {                         \
        for (int i = 0; i < NNT_PANEL; i += VECTOR)                                             \
          store(out + i, (load_stored(x + c + i) - load(shift + c + i)) * load(scale + c + i)); \
      }                                                                                         \
      for (int i = 0; c + i < columns; ++i)                                                     \
        out[i] = ((float)x[c + i] - shift[c + i]) * scale[c + i];                               \
    }                                                                                           \
  }
GATHER(gather_u8, uint8_t, load_u8)
GATHER(gather_i8, int8_t, load_i8)
GATHER(gather_u16, uint16_t, load_u16)
GATHER(gather_i16, int16_t, load_i16)
GATHER(gather_f32, float, load_f32)

/* --- sums --- */

static inline __attribute__((always_inline)) void sum_panel(const float *panel,
                                                            const float *factors,
                                                            const nnt_granules *granules,
                                                            float *sums, int64_t distance) {
  vf stack[NNT_SUM_PLACES][VECTORS];
  for (int64_t g = 0; g < granules->count; ++g) {
    const nnt_sum_step *step = &granules->steps[g];
    vf lanes[VECTORS] = {{0}};
    for (int64_t r = granules->begin[g]; r < granules->begin[g + 1]; ++r) {
      for (int v = 0; v < VECTORS; ++v) {
        int64_t i = r * NNT_PANEL + v * VECTOR;
        if (factors != NULL)
          lanes[v] = fma_v(load(panel + i), load(factors + i), lanes[v]);
        else
          lanes[v] += load(panel + i);
      }
    }
    for (int m = step->merges; m > 0; --m) {
      for (int v = 0; v < VECTORS; ++v) lanes[v] += stack[step->place + m - 1][v];
    }
    for (int v = 0; v < VECTORS; ++v) {
      stack[step->place][v] = lanes[v];
      if (step->output >= 0) store(sums + step->output * distance + v * VECTOR, lanes[v]);
    }
  }
}

static void sum_rows(const float *panel, const nnt_granules *granules, float *sums,
                     int64_t distance) {
  sum_panel(panel, NULL, granules, sums, distance);
}

static void sum_products(const float *panel, const float *factors, const nnt_granules *granules,
                         float *sums, int64_t distance) {
  sum_panel(panel, factors, granules, sums, distance);
}

static void add(const float *a, const float *b, float *out, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) store(out + i, load(a + i) + load(b + i));
}

extern const nnt_elementwise FOR_ISA(nnt_elementwise_);
const nnt_elementwise FOR_ISA(nnt_elementwise_) = {.softmax = softmax,
                                                   .binary_cross_entropy = binary_cross_entropy,
                                                   .huber = huber,
                                                   .absolute_error = absolute_error,
                                                   .poisson = poisson,
                                                   .exponential = exponential,
                                                   .squared_error = squared_error,
                                                   .gather = {[NNT_U8] = gather_u8,
                                                              [NNT_I8] = gather_i8,
                                                              [NNT_U16] = gather_u16,
                                                              [NNT_I16] = gather_i16,
                                                              [NNT_F32] = gather_f32},
                                                   .sum_rows = sum_rows,
                                                   .sum_products = sum_products,
                                                   .add = add};
