/* The optimisers, one row each: everything that distinguishes them is derived from this table. */
#ifndef NNTRAIN_OPTIMIZERS_H
#define NNTRAIN_OPTIMIZERS_H

/* The settings in nnt_optimizer_settings that a method uses besides the learning rate, the weight
 * decay and those applied to the gradients of all methods. */
typedef enum nnt_optimizer_options {
  NNT_TAKES_NOTHING = 0,
  NNT_TAKES_MOMENTUM = 1,
  NNT_TAKES_NESTEROV = 2,
  NNT_TAKES_BETAS = 4,
  NNT_TAKES_ALPHA = 8,
  NNT_TAKES_EPSILON = 16,
  NNT_TAKES_TRUST = 32
} nnt_optimizer_options;

/* X(NAME, name, apply, direction, layerwise, rate, momentum, decay, epsilon, first, second, takes):
 *   NAME       of the value NNT_NAME
 *   name       for options and files: that of torch.optim, in lower case
 *   apply      kernel of src/kernels/update.c: updates the parameters by a gradient (or direction)
 *   direction  kernel that turns a gradient into the direction of the update; NULL: the gradient
 *   layerwise  stages of an update: with NONE any range of parameters is updated independently;
 *              with GRADIENT or DIRECTION the norms of the weights and of the gradient or
 *              direction are computed per layer, then it is applied, scaled by their ratio
 *   rate, momentum, decay, epsilon
 *              defaults of the learning rate and so on
 *   first, second
 *              names of the state arrays, each of the size of the parameters; NULL: none. One
 *              named "velocity", which is the last, exists only with momentum
 *   takes      options besides those of all methods
 * Append new rows at the end, so that existing values do not change.
 *
 * With g the gradient of the batch's mean loss, w the parameters, lr the learning rate and t the
 * number of the update from 1; where conventions differ, those of torch.optim. Weight decay d
 * applies to weights, never to biases: g <- g + d w, except for adamw and lamb. */
#define NNT_OPTIMIZERS(X)                                                                          \
  /* v <- momentum v + g; w <- w - lr v, with Nesterov's momentum w <- w - lr (g + momentum v).    \
   * Polyak, 1964; Sutskever et al., ICML 2013. */                                                 \
  X(SGD, "sgd", sgd, NULL, NONE, 0.1, 0.9, 0.0, 1e-8, "velocity", NULL,                            \
    NNT_TAKES_MOMENTUM | NNT_TAKES_NESTEROV)                                                       \
  /* m <- beta1 m + (1 - beta1) g; v <- beta2 v + (1 - beta2) g^2;                                 \
   * w <- w - lr m' / (sqrt(v') + epsilon), m' = m / (1 - beta1^t), v' = v / (1 - beta2^t).        \
   * Kingma and Ba, ICLR 2015. */                                                                  \
  X(ADAM, "adam", adam, NULL, NONE, 0.001, 0.0, 0.0, 1e-8, "first_moment", "second_moment",        \
    NNT_TAKES_BETAS | NNT_TAKES_EPSILON)                                                           \
  /* Adam with w <- (1 - lr d) w first, instead of d in the gradient. Loshchilov and Hutter, ICLR  \
   * 2019. */                                                                                      \
  X(ADAMW, "adamw", adamw, NULL, NONE, 0.001, 0.0, 0.01, 1e-8, "first_moment", "second_moment",    \
    NNT_TAKES_BETAS | NNT_TAKES_EPSILON)                                                           \
  /* s <- alpha s + (1 - alpha) g^2; u = g / (sqrt(s) + epsilon); v <- momentum v + u;             \
   * w <- w - lr v. Tieleman and Hinton, 2012. */                                                  \
  X(RMSPROP, "rmsprop", rmsprop, NULL, NONE, 0.01, 0.0, 0.0, 1e-8, "square_average", "velocity",   \
    NNT_TAKES_MOMENTUM | NNT_TAKES_ALPHA | NNT_TAKES_EPSILON)                                      \
  /* s <- s + g^2; w <- w - lr g / (sqrt(s) + epsilon). Duchi, Hazan and Singer, JMLR 12, 2011. */ \
  X(ADAGRAD, "adagrad", adagrad, NULL, NONE, 0.01, 0.0, 0.0, 1e-10, "square_sum", NULL,            \
    NNT_TAKES_EPSILON)                                                                             \
  /* SGD with each layer's weights' g + d w times trust |w| / (|g| + d |w| + epsilon), before the  \
   * momentum; biases as with SGD. You, Gitman and Ginsburg, arXiv:1708.03888. */                  \
  X(LARS, "lars", sgd, NULL, GRADIENT, 0.1, 0.9, 0.0, 1e-8, "velocity", NULL,                      \
    NNT_TAKES_MOMENTUM | NNT_TAKES_EPSILON | NNT_TAKES_TRUST)                                      \
  /* u = m' / (sqrt(v') + epsilon) + d w with Adam's m' and v'; w <- w - lr |w| / |u| u by layer;  \
   * for biases, and where a norm is 0, w <- w - lr u. You et al., ICLR 2020. */                   \
  X(LAMB, "lamb", sgd, adam_direction, DIRECTION, 0.001, 0.0, 0.0, 1e-6, "first_moment",           \
    "second_moment", NNT_TAKES_BETAS | NNT_TAKES_EPSILON)

#define NNT_OPTIMIZER_VALUE(NAME, ...) NNT_##NAME,
typedef enum nnt_optimizer_kind {
  NNT_OPTIMIZERS(NNT_OPTIMIZER_VALUE) NNT_OPTIMIZER_COUNT
} nnt_optimizer_kind;

#endif
