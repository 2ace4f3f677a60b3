/* What a step tells all ranks beside the gradients. It travels in the tail of the gradients' arena
 * (net/layout.h), so that it needs no message of its own. */
#ifndef NNT_NET_STEP_CONTROL_H
#define NNT_NET_STEP_CONTROL_H

#include "net/layout.h"

/* Before a step what one rank knows, after it the sum over all ranks. The flags count ranks: small
 * whole numbers, which float sums exactly. */
typedef struct nnt_step_control {
  float loss;        /* mean of the step's batch */
  float stop;        /* was asked to stop */
  float out_of_time; /* the run's time is nearly over */
  float save;        /* a checkpoint is due */
} nnt_step_control;

_Static_assert(sizeof(nnt_step_control) <= NNT_TAIL * sizeof(float), "it travels in the tail");

#endif
