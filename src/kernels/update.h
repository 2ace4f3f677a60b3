/* Updates of parameters, one table per instruction set. include/nntrain/methods.h has the formulas.
 *
 * Float arrays are aligned to 64 bytes and `count` is a multiple of 32 (whole panel rows).
 * Every kernel is single-threaded; the caller divides the work. */
#ifndef NNT_KERNELS_UPDATE_H
#define NNT_KERNELS_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

/* Stochastic gradient descent with PyTorch's conventions (torch.optim.SGD): with gradient g,
 *   g += weight_decay * w;  v = momentum * v + g;  w -= learning_rate * (nesterov ? g + momentum
 * * v : v). */
typedef struct nnt_sgd_step {
  float learning_rate;
  float momentum;
  float weight_decay;
  bool nesterov;
} nnt_sgd_step;

/* torch.optim.Adam and AdamW; include/nntrain/methods.h has the formulas. */
typedef struct nnt_adam_step {
  float rate; /* learning rate / (1 - beta1^t) */
  float beta1, beta2;
  float rest1, rest2; /* 1 - beta1, 1 - beta2, rounded once */
  float root;         /* sqrt(1 - beta2^t) */
  float epsilon;
  float weight_decay; /* added to the gradient */
  float keep; /* the weights are first multiplied by it: 1 - lr * decay with adamw, else 1 */
} nnt_adam_step;

/* torch.optim.RMSprop and, without alpha and momentum, Adagrad. */
typedef struct nnt_scaled_step {
  float learning_rate;
  float alpha, rest; /* rest: 1 - alpha, rounded once */
  float momentum;
  float epsilon;
  float weight_decay;
} nnt_scaled_step;

/* g' = clamp(scale * g, -limit, limit) + l1 * sign(w). */
typedef struct nnt_prepare_step {
  float scale;
  float limit; /* infinity disables it */
  float l1;
} nnt_prepare_step;

typedef struct nnt_update_kernels {
  /* `velocity` may be NULL when momentum is 0. */
  void (*sgd)(const nnt_sgd_step *step, const float *gradient, float *velocity, float *weights,
              int64_t count);
  void (*adam)(const nnt_adam_step *step, const float *gradient, float *first, float *second,
               float *weights, int64_t count);
  /* Updates the moments likewise; out = rate * first / (sqrt(second) / root + epsilon) +
   * weight_decay * w, and w is not changed. `out` may be the gradient. */
  void (*adam_direction)(const nnt_adam_step *step, const float *gradient, float *first,
                         float *second, const float *weights, float *out, int64_t count);
  /* `velocity` may be NULL when momentum is 0. */
  void (*rmsprop)(const nnt_scaled_step *step, const float *gradient, float *square,
                  float *velocity, float *weights, int64_t count);
  void (*adagrad)(const nnt_scaled_step *step, const float *gradient, float *square, float *weights,
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
