/* Normalisation between a layer's product and its activation: the calls of a whole team, with the
 * barriers that they need inside. */
#ifndef NNT_NET_NORM_PASS_H
#define NNT_NET_NORM_PASS_H

#include "kernels/gemm.h"
#include "net/network_internal.h"

/* All products are there. Returns what of the layer's values this thread has normalised. */
nnt_block nnt_norm_pass_forward(const nnt_pass *p, nnt_team team, int layer);

/* The gradients of gains and shifts, and dZ from that of the normalised values; it is complete when
 * the call returns. */
void nnt_norm_pass_backward(const nnt_pass *p, nnt_team team, int layer);

/* The part of a rank without rows. */
void nnt_norm_pass_forward_idle(const nnt_pass *p, int layer);
void nnt_norm_pass_backward_idle(const nnt_pass *p, int layer);

#endif
