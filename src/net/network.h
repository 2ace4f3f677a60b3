/* A network's working memory on one rank, and the forward and backward pass over it.
 *
 * Parameters and gradients are the caller's arenas (net/layout.h). Everything is allocated at
 * creation; a step allocates nothing. Not for several threads at once: the passes open their own
 * parallel region, one for a whole step. */
#ifndef NNT_NET_NETWORK_H
#define NNT_NET_NETWORK_H

#include <nntrain/status.h>

#include "kernels/dispatch.h"
#include "net/layout.h"
#include "net/model.h"

typedef struct nnt_network nnt_network;

/* Memory for `capacity` rows (samples) at most; `training` adds what the backward pass needs.
 * `threads` is the largest number of OpenMP threads to use. The model must outlive the network. */
nnt_status nnt_network_create(const nnt_model *model, const nnt_kernels *kernels, int64_t capacity,
                              bool training, int threads, nnt_network **out,
                              nnt_error *error) NNT_MUST_CHECK;
void nnt_network_destroy(nnt_network **network);

/* Where the caller puts a batch before a pass: inputs [capacity, inputs]; classes [capacity] for
 * NNT_TARGET_CLASS; targets [capacity, outputs] for NNT_TARGET_VALUES and the quadratic loss. */
nnt_panels nnt_network_inputs(nnt_network *network);
int32_t *nnt_network_classes(nnt_network *network);
nnt_panels nnt_network_targets(nnt_network *network);
/* After a forward pass: logits, or outputs [capacity, outputs]. */
nnt_panels nnt_network_outputs(nnt_network *network);
/* After a pass with targets: the loss of each row. */
const float *nnt_network_losses(nnt_network *network);

/* Bytes of working memory; for plans. */
size_t nnt_network_bytes(const nnt_model *model, int64_t capacity, bool training);

/* Called on the calling (main) thread as soon as the gradient of `layer` is complete, last layer
 * first, while the other threads go on to the earlier layers. */
typedef void (*nnt_gradient_ready)(void *context, int layer);

/* Forward and backward pass over the first `rows` rows; rows may be 0. `gradients` receives
 * scale * (sum over the rows of the gradient of the row's loss), and in its tail
 * scale * (sum of the losses). */
void nnt_network_step(nnt_network *network, const float *parameters, int64_t rows, float scale,
                      float *gradients, nnt_gradient_ready ready, void *context);

/* When the forward part (with the loss) of the last nnt_network_step ended, by base/clock.h. */
double nnt_network_forward_end(const nnt_network *network);

/* Threads that a pass over `rows` rows uses. */
int nnt_network_threads(const nnt_network *network, int64_t rows);

/* Forward pass alone. `with_loss`: fills nnt_network_losses from the targets; afterwards
 * nnt_network_outputs still are the logits. `with_outputs`: turns logits into outputs (softmax,
 * sigmoid). */
void nnt_network_forward(nnt_network *network, const float *parameters, int64_t rows,
                         bool with_loss, bool with_outputs);

#endif
