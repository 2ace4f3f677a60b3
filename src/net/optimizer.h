/* The update of the parameters from their averaged gradients. Formulas: nntrain/optimizers.h and
 * nntrain/methods.h. Biases neither decay nor count for layerwise methods.
 *
 * Running means and variances r of batch normalisation are no parameters: whatever the method, they
 * follow those of the batches, s, that stand in the gradients' place, r <- r + (s - r) / 10.
 *
 * Most methods update any range of the arena on its own, as it comes. Those that need norms of the
 * whole gradient (clip_norm) or of layers (layerwise methods) work in stages: all ranges of the
 * arena, on whatever ranks, go through stage 0, then through stage 1, and so on. A stage leaves
 * sums of squares by lines of 32 floats, which the ranks share; each rank adds them up in the order
 * of the arena. So the norms do not depend on who has which range. */
#ifndef NNT_NET_OPTIMIZER_H
#define NNT_NET_OPTIMIZER_H

#include <nntrain/methods.h>

#include "kernels/dispatch.h"
#include "net/layout.h"
#include "net/optimizer_table.h"

typedef struct nnt_optimizer {
  const nnt_kernels *kernels;
  nnt_optimizer_settings settings;
  const nnt_layout *layout;
  int threads;                       /* the largest number of OpenMP threads to use */
  float *state[NNT_OPTIMIZER_SLOTS]; /* arenas like the parameters', borrowed; NULL: none */
  double *lines;                     /* borrowed, nnt_optimizer_lines; NULL with one stage */
  /* Of the running update: */
  nnt_update_step step;         /* without weight decay */
  bool prepares;                /* gradients are clipped or have an L1 part */
  double clip;                  /* factor of clip_norm */
  float trust[NNT_MAX_TENSORS]; /* of decayed tensors */
} nnt_optimizer;

/* Stages of an update; with one, ranges are independent. */
int nnt_optimizer_stages(const nnt_optimizer_settings *settings);
/* Doubles that the ranks share for them. */
int64_t nnt_optimizer_lines(const nnt_optimizer_settings *settings, const nnt_layout *layout);

/* Begins update number `step`, from 1. */
void nnt_optimizer_begin(nnt_optimizer *optimizer, int64_t step, double learning_rate);

/* One stage for floats [begin, end) of the arena, whole panel rows of one layer (and the tail,
 * which is left alone). `gradients` is the arena of gradients; stages but the last may change it.
 */
void nnt_optimizer_update(const nnt_optimizer *optimizer, int stage, int64_t begin, int64_t end,
                          float *gradients, float *parameters);
/* Between the stage before and `stage`, when all ranges' lines are there. Every rank calls it. */
void nnt_optimizer_between(nnt_optimizer *optimizer, int stage);

/* The only stage for `count` floats at `begin`, all of one tensor, whose gradient lies at
 * `gradient`; on this thread alone. */
void nnt_optimizer_apply(const nnt_optimizer *optimizer, const nnt_tensor *tensor, int64_t begin,
                         int64_t count, const float *gradient, float *parameters);

/* Prefetches what an update of these floats needs. */
void nnt_optimizer_expect(const nnt_optimizer *optimizer, int64_t begin, int64_t count,
                          const float *parameters);

/* max_norm, for part `part` of `parts` of the neurons of all layers. */
void nnt_optimizer_limit(const nnt_optimizer *optimizer, int part, int parts, float *parameters);

#endif
