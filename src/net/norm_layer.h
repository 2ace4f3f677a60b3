/* Layer normalisation inside a pass: each call does the part of one thread and has no barrier. */
#ifndef NNT_NET_NORM_LAYER_H
#define NNT_NET_NORM_LAYER_H

#include "net/network.h"

/* By rows: the layer's products become gain x' + shift. */
void nnt_norm_forward(const nnt_network *network, nnt_team team, int layer, int64_t rows,
                      const float *parameters);

/* With `d` the gradient of gain x' + shift, by panels: the gradients of gain and shift, to the
 * call's gradients or, when these are taken, to be taken later. */
void nnt_norm_sums(const nnt_network *network, nnt_team team, int layer,
                   const nnt_network_step_call *call, const nnt_panels *d);
/* By rows: `d` becomes the gradient of the products. */
void nnt_norm_backward(const nnt_network *network, nnt_team team, int layer,
                       const float *parameters, const nnt_panels *d);
/* By panels: gains and shifts are no longer read, and may change. */
void nnt_norm_take(const nnt_network *network, nnt_team team, int layer,
                   const nnt_network_step_call *call);

#endif
