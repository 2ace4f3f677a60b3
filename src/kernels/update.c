/* Updates of parameters. Compiled once per instruction set. */
#include "kernels/update.h"

#include <math.h>
#include <stddef.h>

#include "kernels/panels.h"
#include "kernels/simd.h"

/* --- the methods --- */

static void sgd_plain(float rate, float decay, const float *gradient, float *weights,
                      int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    vf g = fma_v(splat(decay), w, load(gradient + i));
    store(weights + i, fma_v(splat(-rate), g, w));
  }
}

static void sgd(const nnt_update_step *step, const float *gradient, nnt_update_state state,
                float *weights, int64_t count) {
  const float rate = (float)step->learning_rate, decay = (float)step->weight_decay;
  const float momentum = (float)step->momentum;
  float *velocity = state.first;
  if (velocity == NULL) {
    sgd_plain(rate, decay, gradient, weights, count);
    return;
  }
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    vf g = fma_v(splat(decay), w, load(gradient + i));
    vf v = fma_v(splat(momentum), load(velocity + i), g);
    store(velocity + i, v);
    vf direction = step->nesterov ? fma_v(splat(momentum), v, g) : v;
    store(weights + i, fma_v(splat(-rate), direction, w));
  }
}

/* The coefficients of Adam's formulas, rounded once. */
typedef struct adam_numbers {
  float rate;         /* learning rate / (1 - beta1^t) */
  float rest1, rest2; /* 1 - beta1, 1 - beta2 */
  float beta2;
  float root; /* sqrt(1 - beta2^t) */
  float epsilon;
} adam_numbers;

static adam_numbers adam_numbers_of(const nnt_update_step *step, double learning_rate) {
  return (adam_numbers){.rate = (float)(learning_rate / (1.0 - step->power1)),
                        .rest1 = (float)(1.0 - step->beta1),
                        .rest2 = (float)(1.0 - step->beta2),
                        .beta2 = (float)step->beta2,
                        .root = (float)sqrt(1.0 - step->power2),
                        .epsilon = (float)step->epsilon};
}

/* Updates Adam's moments; returns the step to subtract from the weights. */
static inline vf adam_move(const adam_numbers *n, vf g, float *first, float *second) {
  vf m = load(first), s = load(second);
  m = fma_v(splat(n->rest1), g - m, m);
  s = fma_v(splat(n->rest2) * g, g, splat(n->beta2) * s);
  store(first, m);
  store(second, s);
  return splat(n->rate) * m / (sqrt_v(s) / splat(n->root) + splat(n->epsilon));
}

/* Decay in the gradient, and a factor of the weights. */
static inline void adam_with(const nnt_update_step *step, float decay, float keep,
                             const float *gradient, nnt_update_state state, float *weights,
                             int64_t count) {
  const adam_numbers n = adam_numbers_of(step, step->learning_rate);
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    vf g = fma_v(splat(decay), w, load(gradient + i));
    store(weights + i, w * splat(keep) - adam_move(&n, g, state.first + i, state.second + i));
  }
}

static void adam(const nnt_update_step *step, const float *gradient, nnt_update_state state,
                 float *weights, int64_t count) {
  adam_with(step, (float)step->weight_decay, 1.0F, gradient, state, weights, count);
}

static void adamw(const nnt_update_step *step, const float *gradient, nnt_update_state state,
                  float *weights, int64_t count) {
  float keep = (float)(1.0 - step->learning_rate * step->weight_decay);
  adam_with(step, 0.0F, keep, gradient, state, weights, count);
}

static void adam_direction(const nnt_update_step *step, const float *gradient,
                           nnt_update_state state, const float *weights, float *out,
                           int64_t count) {
  const adam_numbers n = adam_numbers_of(step, 1.0);
  const float decay = (float)step->weight_decay;
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf move = adam_move(&n, load(gradient + i), state.first + i, state.second + i);
    store(out + i, fma_v(splat(decay), load(weights + i), move));
  }
}

static void rmsprop(const nnt_update_step *step, const float *gradient, nnt_update_state state,
                    float *weights, int64_t count) {
  const float rate = (float)step->learning_rate, decay = (float)step->weight_decay;
  const float alpha = (float)step->alpha, rest = (float)(1.0 - step->alpha);
  const float momentum = (float)step->momentum, epsilon = (float)step->epsilon;
  float *square = state.first, *velocity = state.second;
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    vf g = fma_v(splat(decay), w, load(gradient + i));
    vf s = fma_v(splat(rest) * g, g, splat(alpha) * load(square + i));
    vf move = g / (sqrt_v(s) + splat(epsilon));
    store(square + i, s);
    if (velocity != NULL) {
      move = fma_v(splat(momentum), load(velocity + i), move);
      store(velocity + i, move);
    }
    store(weights + i, fma_v(splat(-rate), move, w));
  }
}

static void adagrad(const nnt_update_step *step, const float *gradient, nnt_update_state state,
                    float *weights, int64_t count) {
  const float rate = (float)step->learning_rate, decay = (float)step->weight_decay;
  const float epsilon = (float)step->epsilon;
  float *square = state.first;
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf w = load(weights + i);
    vf g = fma_v(splat(decay), w, load(gradient + i));
    vf s = fma_v(g, g, load(square + i));
    vf move = g / (sqrt_v(s) + splat(epsilon));
    store(square + i, s);
    store(weights + i, fma_v(splat(-rate), move, w));
  }
}

/* --- common to all methods --- */

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

#define APPLY(NAME, name, apply, ...) [NNT_##NAME] = apply,
#define DIRECTION(NAME, name, apply, direction, ...) [NNT_##NAME] = direction,

extern const nnt_update_kernels FOR_ISA(nnt_update_);
const nnt_update_kernels FOR_ISA(nnt_update_) = {.apply = {NNT_OPTIMIZERS(APPLY)},
                                                 .direction = {NNT_OPTIMIZERS(DIRECTION)},
                                                 .prepare = prepare,
                                                 .follow = follow,
                                                 .square_lines = square_lines,
                                                 .limit_columns = limit_columns};
