/* The update of the parameters from their averaged gradients: stochastic gradient descent with
 * momentum (Polyak, 1964), Nesterov's variant (Sutskever et al., ICML 2013) and L2 weight decay,
 * with PyTorch's conventions (kernels/elementwise.h has the formulas). Biases do not decay. */
#ifndef NNT_NET_OPTIMIZER_H
#define NNT_NET_OPTIMIZER_H

#include "kernels/dispatch.h"
#include "net/layout.h"

typedef struct nnt_optimizer {
  const nnt_kernels *kernels;
  float momentum;
  float weight_decay;
  bool nesterov;
  int threads;     /* the largest number of OpenMP threads to use */
  float *velocity; /* an arena like the parameters', borrowed; NULL when momentum is 0 */
} nnt_optimizer;

/* Updates floats [begin, end) of the arena, whole panel rows of one layer. */
void nnt_optimizer_update(const nnt_optimizer *optimizer, const nnt_layout *layout, int layer,
                          int64_t begin, int64_t end, double learning_rate, const float *gradients,
                          float *parameters);

/* The same for `count` floats at `begin`, all weights or all biases of the layer, whose gradient
 * lies at `gradient`; on this thread alone. */
void nnt_optimizer_apply(const nnt_optimizer *optimizer, const nnt_layout *layout, int layer,
                         int64_t begin, int64_t count, double learning_rate, const float *gradient,
                         float *parameters);

#endif
