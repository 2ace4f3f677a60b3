/* Asking a run to stop: it ends the running step, writes a checkpoint and returns NNT_STOPPED. */
#ifndef NNTRAIN_STOP_H
#define NNTRAIN_STOP_H

#include <nntrain/export.h>

/* Asks nnt_train, on all ranks, to stop; it is enough that one rank asks. `reason`, not 0, is for
 * the message: a signal's number. 0 takes the request back. May be called from a signal handler,
 * also again. */
NNT_API void nnt_stop_request(int reason);
/* What was asked for in this process; 0: nothing. */
NNT_API int nnt_stop_requested(void);

#endif
