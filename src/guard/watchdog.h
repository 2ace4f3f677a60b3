/* The watchdog: a thread on every rank that ends a run in which no rank comes further any more,
 * because one was stopped or died, hangs in a read, or can no longer be reached. It makes no MPI
 * call. Without an `abandon` of the events, without an output, or with 0 seconds there is none.
 *
 * A rank is silent when its training thread has come no step further for so many seconds, counted
 * while the process runs (a suspended job is not silent); waiting for a checkpoint to be written it
 * has ten times as long. When all ranks of a node that run are silent (guard/node_health.h), and no
 * other node is at work (guard/node_files.h), the run is given up:
 *
 *   1. the gate in front of updates is closed (comm/heartbeat.h); every rank that runs reports
 *   2. those that the others wait for are named: ranks that do not run, or hang in their own work,
 *      and nodes that do not answer
 *   3. the node with the newest whole state writes the emergency checkpoint
 * (guard/emergency_checkpoint.h). There may be none: when the fault has come in the middle of an
 * update, or when every rank that holds the state hangs in HDF5. The last checkpoint remains then.
 *   4. stopped processes are woken, and all end with exit code 1
 */
#ifndef NNT_GUARD_WATCHDOG_H
#define NNT_GUARD_WATCHDOG_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "guard/watch_state.h"

/* Collective. *out is NULL when there is to be none; the other functions accept that. */
nnt_status nnt_watchdog_create(nnt_comm *comm, const nnt_watchdog_plan *plan, nnt_watchdog **out,
                               nnt_error *error) NNT_MUST_CHECK;
/* Collective. */
void nnt_watchdog_destroy(nnt_watchdog **watchdog);

/* Where the training thread shows what it does; NULL without a watchdog. */
const nnt_heartbeat *nnt_watchdog_heartbeat(const nnt_watchdog *watchdog);
/* An update is finished, on all ranks that share the parameters, and this is the run after it. */
void nnt_watchdog_record_state(nnt_watchdog *watchdog, const nnt_train_state *state);

#endif
