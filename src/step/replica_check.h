/* Comparing the copies of parameters and optimiser state that a run holds: a node's each, or, with
 * the flat exchange, a rank's each. Collective. */
#ifndef NNT_STEP_REPLICA_CHECK_H
#define NNT_STEP_REPLICA_CHECK_H

#include <nntrain/comm.h>

#include "step/step.h"

typedef struct nnt_replica_check nnt_replica_check;

/* The stepper is borrowed. `threads` is the largest number of OpenMP threads to use. */
nnt_status nnt_replica_check_create(nnt_comm *comm, nnt_stepper *stepper, int threads,
                                    nnt_replica_check **out, nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted. */
void nnt_replica_check_destroy(nnt_replica_check **copies);

/* Between two steps. Errors: NNT_DIFFERENT with the ranks and hosts that differ
 * (comm/replica_hash.h); `step`, finished steps of the run, is for the message. NULL is accepted:
 * nothing is compared. */
nnt_status nnt_replica_check_compare(nnt_replica_check *copies, int64_t step,
                                     nnt_error *error) NNT_MUST_CHECK;

#endif
