/* Stop requests: a run finishes the current step, writes a checkpoint and returns NNT_STOPPED. */
#ifndef NNTRAIN_STOP_H
#define NNTRAIN_STOP_H

#include <nntrain/export.h>

/* Requests that nnt_train stops, on all ranks; a request on one rank is enough. `reason`, nonzero,
 * is for the message: a signal number. 0 withdraws the request. Async-signal-safe. */
NNT_API void nnt_stop_request(int reason);
/* The reason of this process's request; 0: none. */
NNT_API int nnt_stop_requested(void);

#endif
