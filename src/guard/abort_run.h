/* Aborting a run that makes no progress. */
#ifndef NNT_GUARD_ABORT_RUN_H
#define NNT_GUARD_ABORT_RUN_H

#include "guard/watch_state.h"

/* Reports, has the emergency checkpoint written, and ends the process. Called on the watchdog
 * thread of every running rank of a node when the node aborts. */
void nnt_abort_run(nnt_watchdog *watchdog);

#endif
