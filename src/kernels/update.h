/* Updates of parameters, one table per instruction set. Formulas: nntrain/optimizers.h and
 * nntrain/methods.h.
 *
 * Float arrays are aligned to 64 bytes and `count` is a multiple of 32 (whole panel rows).
 * Every kernel is single-threaded; the caller divides the work. */
#ifndef NNT_KERNELS_UPDATE_H
#define NNT_KERNELS_UPDATE_H

#include <nntrain/optimizers.h>
#include <stdbool.h>
#include <stdint.h>

/* The coefficients of the methods' formulas, computed once per update; a kernel rounds what it
 * needs to float. t is the number of the update, from 1. */
typedef struct nnt_update_step {
  double learning_rate;
  double momentum;
  bool nesterov;
  double weight_decay;
  double beta1, beta2;
  double power1, power2; /* beta1^t, beta2^t */
  double alpha;
  double epsilon;
} nnt_update_step;

/* The state arrays, at the same offset as the weights; NULL: none. */
typedef struct nnt_update_state {
  float *first, *second;
} nnt_update_state;

/* g' = clamp(scale * g, -limit, limit) + l1 * sign(w). */
typedef struct nnt_prepare_step {
  float scale;
  float limit; /* infinity disables it */
  float l1;
} nnt_prepare_step;

typedef struct nnt_update_kernels {
  /* One per row of nntrain/optimizers.h: updates the weights. A velocity is NULL without momentum.
   */
  void (*apply[NNT_OPTIMIZER_COUNT])(const nnt_update_step *step, const float *gradient,
                                     nnt_update_state state, float *weights, int64_t count);
  /* The direction of the update, for a learning rate of 1; the weights are not changed. NULL: the
   * gradient itself. `out` may be the gradient. */
  void (*direction[NNT_OPTIMIZER_COUNT])(const nnt_update_step *step, const float *gradient,
                                         nnt_update_state state, const float *weights, float *out,
                                         int64_t count);
  /* `out` may be the gradient. */
  void (*prepare)(const nnt_prepare_step *step, const float *gradient, const float *weights,
                  float *out, int64_t count);
  /* weights += rate * (value - weights). */
  void (*follow)(const float *value, float rate, float *weights, int64_t count);
  /* sums[i] = sum of the squares of floats 32 i ... 32 i + 31. */
  void (*square_lines)(const float *values, double *sums, int64_t count);
  /* Scales each column of one panel to a norm of at most `limit`. */
  void (*limit_columns)(float *panel, int64_t rows, float limit);
} nnt_update_kernels;

#endif
