/* Comparing the copies of parameters and optimiser state that a run holds: a node's each, or, with
 * the flat exchange, a rank's each. Collective. */
#ifndef NNT_TRAIN_COPIES_H
#define NNT_TRAIN_COPIES_H

#include <nntrain/comm.h>

#include "train/step.h"

typedef struct nnt_copies nnt_copies;

/* The stepper is borrowed. `threads` is the largest number of OpenMP threads to use. */
nnt_status nnt_copies_create(nnt_comm *comm, nnt_stepper *stepper, int threads, nnt_copies **out,
                             nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted. */
void nnt_copies_destroy(nnt_copies **copies);

/* Between two steps. Errors: NNT_DIFFERENT with the ranks and hosts that differ (comm/drift.h);
 * `step`, finished steps of the run, is for the message. NULL is accepted: nothing is compared. */
nnt_status nnt_copies_compare(nnt_copies *copies, int64_t step, nnt_error *error) NNT_MUST_CHECK;

#endif
