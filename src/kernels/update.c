/* Updates of parameters. Compiled once per instruction set. */
#include "kernels/update.h"

#include <stddef.h>

#include "kernels/panels.h"
#include "kernels/simd.h"

static void sgd_plain(const nnt_sgd_step *step, const float *gradient, float *weights,
                      int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    vf g = fma_v(splat(step->weight_decay), w, load(gradient + i));
    store(weights + i, fma_v(splat(-step->learning_rate), g, w));
  }
}

static void sgd(const nnt_sgd_step *step, const float *gradient, float *velocity, float *weights,
                int64_t count) {
  if (velocity == NULL) {
    sgd_plain(step, gradient, weights, count);
    return;
  }
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    vf g = fma_v(splat(step->weight_decay), w, load(gradient + i));
    vf v = fma_v(splat(step->momentum), load(velocity + i), g);
    store(velocity + i, v);
    vf direction = step->nesterov ? fma_v(splat(step->momentum), v, g) : v;
    store(weights + i, fma_v(splat(-step->learning_rate), direction, w));
  }
}

/* Updates Adam's moments; returns the step to subtract from the weights. */
static inline vf adam_move(const nnt_adam_step *step, vf g, float *first, float *second) {
  vf m = load(first), s = load(second);
  m = fma_v(splat(step->rest1), g - m, m);
  s = fma_v(splat(step->rest2) * g, g, splat(step->beta2) * s);
  store(first, m);
  store(second, s);
  return splat(step->rate) * m / (sqrt_v(s) / splat(step->root) + splat(step->epsilon));
}

static void adam(const nnt_adam_step *step, const float *gradient, float *first, float *second,
                 float *weights, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    vf g = fma_v(splat(step->weight_decay), w, load(gradient + i));
    store(weights + i, w * splat(step->keep) - adam_move(step, g, first + i, second + i));
  }
}

static void adam_direction(const nnt_adam_step *step, const float *gradient, float *first,
                           float *second, const float *weights, float *out, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf move = adam_move(step, load(gradient + i), first + i, second + i);
    store(out + i, fma_v(splat(step->weight_decay), load(weights + i), move));
  }
}

static void rmsprop(const nnt_scaled_step *step, const float *gradient, float *square,
                    float *velocity, float *weights, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    vf g = fma_v(splat(step->weight_decay), w, load(gradient + i));
    vf s = fma_v(splat(step->rest) * g, g, splat(step->alpha) * load(square + i));
    vf move = g / (sqrt_v(s) + splat(step->epsilon));
    store(square + i, s);
    if (velocity != NULL) {
      move = fma_v(splat(step->momentum), load(velocity + i), move);
      store(velocity + i, move);
    }
    store(weights + i, fma_v(splat(-step->learning_rate), move, w));
  }
}

static void adagrad(const nnt_scaled_step *step, const float *gradient, float *square,
                    float *weights, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    vf g = fma_v(splat(step->weight_decay), w, load(gradient + i));
    vf s = fma_v(g, g, load(square + i));
    vf move = g / (sqrt_v(s) + splat(step->epsilon));
    store(square + i, s);
    store(weights + i, fma_v(splat(-step->learning_rate), move, w));
  }
}

/* Comparisons with a NaN are false, so that it propagates. */
static void prepare(const nnt_prepare_step *step, const float *gradient, const float *weights,
                    float *out, int64_t count) {
  const vf limit = splat(step->limit), one = splat(1.0F), zero = splat(0.0F);
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf g = splat(step->scale) * load(gradient + i), w = load(weights + i);
    g = select_v(g > limit, limit, g);
    g = select_v(g < -limit, -limit, g);
    vf sign = select_v(w > zero, one, select_v(w < zero, -one, zero));
    store(out + i, fma_v(splat(step->l1), sign, g));
  }
}

static void follow(const float *value, float rate, float *weights, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    store(weights + i, fma_v(splat(rate), load(value + i) - w, w));
  }
}

/* Fixed-order tree reduction in double, in which squares of floats are exact. */
static void square_lines(const float *values, double *sums, int64_t count) {
  for (int64_t i = 0; i < count; i += NNT_PANEL) {
    double tree[NNT_PANEL];
    for (int j = 0; j < NNT_PANEL; ++j) tree[j] = (double)values[i + j] * (double)values[i + j];
    for (int width = NNT_PANEL / 2; width > 0; width /= 2) {
      for (int j = 0; j < width; ++j) tree[j] += tree[j + width];
    }
    sums[i / NNT_PANEL] = tree[0];
  }
}

/* Sums in blocks of rows, to limit rounding errors in a tall panel. */
static void limit_columns(float *panel, int64_t rows, float limit) {
  enum { VECTORS = NNT_PANEL / VECTOR, BLOCK = 64 };
  for (int v = 0; v < VECTORS; ++v) {
    vf total = {0};
    for (int64_t first = 0; first < rows; first += BLOCK) {
      vf sum = {0};
      for (int64_t r = first; r < rows && r < first + BLOCK; ++r) {
        vf w = load(panel + r * NNT_PANEL + v * VECTOR);
        sum = fma_v(w, w, sum);
      }
      total += sum;
    }
    vf norm = sqrt_v(total);
    vf factor = select_v(norm > splat(limit), splat(limit) / norm, splat(1.0F));
    for (int64_t r = 0; r < rows; ++r) {
      float *w = panel + r * NNT_PANEL + v * VECTOR;
      store(w, load(w) * factor);
    }
  }
}

extern const nnt_update_kernels FOR_ISA(nnt_update_);
const nnt_update_kernels FOR_ISA(nnt_update_) = {.sgd = sgd,
                                                 .adam = adam,
                                                 .adam_direction = adam_direction,
                                                 .rmsprop = rmsprop,
                                                 .adagrad = adagrad,
                                                 .prepare = prepare,
                                                 .follow = follow,
                                                 .square_lines = square_lines,
                                                 .limit_columns = limit_columns};
