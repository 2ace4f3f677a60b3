/* A network's working memory on one rank, and the forward and backward pass over it.
 *
 * Parameters and gradients are the caller's arenas (net/layout.h). Everything is allocated at
 * creation; a step allocates nothing. Not for several threads at once: the passes open their own
 * parallel region, one for a whole step. */
#ifndef NNT_LAYERS_NETWORK_H
#define NNT_LAYERS_NETWORK_H

#include <nntrain/status.h>

#include "kernels/dispatch.h"
#include "layers/input_layer.h"
#include "net/layout.h"
#include "net/model.h"
#include "net/step_control.h"

typedef struct nnt_network nnt_network;

/* Memory for `capacity` rows (samples) at most; `training` adds what the backward pass needs.
 * `threads` is the largest number of OpenMP threads to use; `input` says how the samples are
 * stored. The model and the input's arrays must outlive the network. */
nnt_status nnt_network_create(const nnt_model *model, const nnt_kernels *kernels,
                              const nnt_input *input, int64_t capacity, bool training, int threads,
                              nnt_network **out, nnt_error *error) NNT_MUST_CHECK;
void nnt_network_destroy(nnt_network **network);

/* Where the caller puts a batch before a pass: rows [capacity], where each sample lies; classes
 * [capacity] for NNT_TARGET_CLASS; targets [capacity, outputs] for NNT_TARGET_VALUES and the
 * quadratic loss. The samples are read where they lie, during the pass. */
const void **nnt_network_rows(nnt_network *network);
int32_t *nnt_network_classes(nnt_network *network);
nnt_panels nnt_network_targets(nnt_network *network);
/* [capacity] factors of the rows' losses, for steps that are weighted. */
float *nnt_network_weights(nnt_network *network);
/* With mixup: whom each row is mixed with. All NULL without. */
typedef struct nnt_network_pairs {
  const void **rows; /* [capacity] where the partner lies */
  int32_t *classes;  /* [capacity] its class */
  float *shares;     /* [capacity] the share of the row's own class in the loss */
} nnt_network_pairs;
nnt_network_pairs nnt_network_partners(nnt_network *network);
/* After a forward pass: logits, or outputs [capacity, outputs]. */
nnt_panels nnt_network_outputs(nnt_network *network);
/* After a pass with targets: the loss of each row. */
const float *nnt_network_losses(nnt_network *network);

/* Bytes of working memory; for plans. */
size_t nnt_network_bytes(const nnt_model *model, int64_t capacity, bool training, int threads);

/* How a rank learns in the middle of a step what all ranks know of the whole batch. */
typedef struct nnt_whole_batch {
  int64_t samples;          /* of the batch, over all ranks */
  bool first;               /* this rank has the first granule */
  const nnt_sum_tree *plan; /* the order of all ranks' tree nodes; one output */
  float *own;               /* [outputs, nnt_network_gathered_floats]: this rank's */
  /* Gives [items of the plan, count], when `own` is [outputs, count]; on the main thread. */
  const float *(*gather)(void *context, int64_t count);
  void *context;
} nnt_whole_batch;

/* Floats of a tree node, at most; 0: the network has no need of the whole batch. */
int64_t nnt_network_gathered_floats(const nnt_model *model);

/* A forward and backward pass. */
typedef struct nnt_network_step_call {
  const nnt_layout *layout; /* of the arenas, with its buckets */
  const float *parameters;
  int64_t rows; /* the first `rows` rows; may be 0 */
  /* What random choices depend on: the run's seed, the number of the update, and the position of
   * the first row in the batch over all ranks. */
  uint64_t seed;
  int64_t update;
  int64_t position;
  int64_t batch; /* samples of it; read by mixup alone */
  float share;   /* of the own sample, with mixup */
  float scale;   /* of the gradient and of the loss: 1 / samples of the batch over all ranks, or */
  bool weighted; /* 1 / the sum of their weights: nnt_network_weights were filled in */
  /* How the rows are summed: granule g is rows [begin[g], begin[g + 1]). Each output i of the
   * plan receives, in the arena gradients + i * layout->floats, scale * (sum over its rows of the
   * gradient of the row's loss), and in its tail scale * (sum of the losses). */
  const nnt_granules *granules;
  int outputs; /* of the plan; 0: there are no granules */
  float *gradients;
  const nnt_whole_batch *whole; /* may be NULL when nnt_network_gathered_floats is 0 */
  /* The flags go with the loss into the first output's tail; NULL: zeros. */
  const nnt_step_control *control;
  /* Samples of the step to come, to be prefetched meanwhile; NULL: unknown. */
  const void *const *next;
  int64_t next_count;
  /* Any may be NULL. `ready` is called on every thread of the pass, in its parallel region if it
   * has one, as soon as the gradient of a bucket is complete (last layer first, within a layer
   * ascending); `poll` on the main thread now and then, to move on what was started. */
  void (*ready)(void *context, int bucket);
  void (*poll)(void *context);
  /* Takes `count` floats of the one output's gradient of `tensor` that begin at `offset` of the
   * arena, on any thread, instead of the gradients' arena, of which only the tail is written then.
   */
  void (*take)(void *context, const nnt_tensor *tensor, int64_t offset, const float *values,
               int64_t count);
  /* Told a while before what `take` will be given next on this thread. */
  void (*expect)(void *context, int64_t offset, int64_t count);
  void *context;
} nnt_network_step_call;
void nnt_network_step(nnt_network *network, const nnt_network_step_call *call);

/* When the forward part (with the loss) of the last nnt_network_step ended, by base/clock.h. */
double nnt_network_forward_end(const nnt_network *network);

/* Threads that the next step over `rows` rows uses. */
int nnt_network_threads(const nnt_network *network, int64_t rows);

/* Forward pass alone. `with_loss`: fills nnt_network_losses from the targets; afterwards
 * nnt_network_outputs still are the logits. `with_outputs`: turns logits into outputs (softmax,
 * sigmoid). */
void nnt_network_forward(nnt_network *network, const float *parameters, int64_t rows,
                         bool with_loss, bool with_outputs);

#endif
