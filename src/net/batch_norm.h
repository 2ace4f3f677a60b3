/* Batch normalisation inside a pass: each call does the part of one thread, by panels, and has no
 * barrier.
 *
 * Mean and variance are those of the whole batch, over all ranks: each rank has the moments of its
 * nodes of the tree of granules, all ranks get those of all (nnt_whole_batch), and everybody merges
 * them in the tree's order. In validation, and in a frozen layer, the running ones take their
 * place.
 */
#ifndef NNT_NET_BATCH_NORM_H
#define NNT_NET_BATCH_NORM_H

#include "net/network.h"

/* Whether a pass takes the layer's mean and variance from the batch. */
bool nnt_batch_norm_measures(const nnt_network *network, int layer,
                             const nnt_network_step_call *call);

/* The layer's products of this rank's rows: their moments by nodes, to be gathered. Without rows,
 * on one thread. */
void nnt_batch_norm_measure(const nnt_network *network, nnt_team team, int layer,
                            const nnt_network_step_call *call);
/* On one thread, when all have measured. */
void nnt_batch_norm_gather(nnt_network *network, int layer, const nnt_network_step_call *call);
/* What was gathered is merged: mean and variance go to their places among the gradients. */
void nnt_batch_norm_learn(const nnt_network *network, nnt_team team, int layer,
                          const nnt_network_step_call *call);
/* The products become gain x' + shift; `learned`: by what was learned. */
void nnt_batch_norm_forward(const nnt_network *network, nnt_team team, int layer, int64_t rows,
                            const float *parameters, bool learned);

/* With `d` the gradient of gain x' + shift: this rank's gradients of gains and shifts, to be
 * gathered as above, and to the gradients unless they are to be taken. */
void nnt_batch_norm_sums(const nnt_network *network, nnt_team team, int layer,
                         const nnt_network_step_call *call, const nnt_panels *d);
/* `d` becomes the gradient of the products. */
void nnt_batch_norm_backward(const nnt_network *network, nnt_team team, int layer,
                             const float *parameters, const nnt_network_step_call *call,
                             const nnt_panels *d);
/* Gains and shifts are no longer read, and may change. */
void nnt_batch_norm_take(const nnt_network *network, nnt_team team, int layer,
                         const nnt_network_step_call *call);

#endif
