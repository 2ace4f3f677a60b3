/* The end of a run in which no rank makes progress. */
#ifndef NNT_GUARD_ABORT_RUN_H
#define NNT_GUARD_ABORT_RUN_H

#include "guard/watch_state.h"

/* Reports, has the emergency checkpoint written, and ends the process. Called on the thread of every
 * rank of a node that runs, when the node has given up. */
void nnt_abort_run(nnt_watchdog *watchdog);

#endif
