/* The watchdog: a thread on every rank that aborts a run in which no rank makes progress, because
 * one was stopped or died, hangs in a read, or is unreachable. It makes no MPI calls. There is none
 * without `abort_process` in the events, without an output directory, or with a timeout of 0.
 *
 * A rank is silent when its training thread has made no progress within the timeout, counted while
 * the process runs (a suspended job is not silent); while writing a checkpoint or metrics the
 * timeout is ten times as long. When all running ranks of a node are silent (guard/node_health.h)
 * and no other node makes progress (guard/node_files.h), the run is aborted:
 *
 *   1. The gate in front of updates is closed (comm/heartbeat.h); every running rank reports.
 *   2. Those that the others wait for are named: ranks that are not running or hang in their own
 *      work, and nodes that do not answer.
 *   3. The node with the newest consistent state writes the emergency checkpoint
 *      (guard/emergency_checkpoint.h). There is none when the fault came in the middle of an
 * update, or when every rank with the state hangs in HDF5; the last checkpoint remains.
 *   4. Stopped processes are continued, and all exit with code 1. */
#ifndef NNT_GUARD_WATCHDOG_H
#define NNT_GUARD_WATCHDOG_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "guard/watch_state.h"

/* Collective. *out is NULL without a watchdog; the other functions accept that. */
nnt_status nnt_watchdog_create(nnt_comm *comm, const nnt_watchdog_plan *plan, nnt_watchdog **out,
                               nnt_error *error) NNT_MUST_CHECK;
/* Collective. */
void nnt_watchdog_destroy(nnt_watchdog **watchdog);

/* The heartbeat to be updated by the training thread; NULL without a watchdog. */
const nnt_heartbeat *nnt_watchdog_heartbeat(const nnt_watchdog *watchdog);
/* Records the state after an update that is finished on all ranks that share the parameters. */
void nnt_watchdog_record_state(nnt_watchdog *watchdog, const nnt_train_state *state);

#endif
