/* Reading while the rank trains: one thread that works on jobs in the order of their submission.
 *
 * HDF5 is used by one thread at a time: by the reader's while it is at work, by the caller's only
 * while it holds the reader. The thread makes no MPI call. */
#ifndef NNT_INPUT_READ_AHEAD_H
#define NNT_INPUT_READ_AHEAD_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct nnt_read_ahead nnt_read_ahead;

/* The caller sets `piece` and `context` and keeps the job until it was waited for. */
typedef struct nnt_read_job {
  /* Does a part of the job that takes milliseconds; *more becomes false after the last one. */
  nnt_status (*piece)(void *context, bool *more, nnt_error *error);
  void *context;
  bool done;
  nnt_status status;
  nnt_error error;
  struct nnt_read_job *next;
} nnt_read_job;

/* Errors: NNT_OUT_OF_MEMORY when the system gives no thread. */
nnt_status nnt_read_ahead_create(nnt_read_ahead **out, nnt_error *error) NNT_MUST_CHECK;
/* Ends the thread; jobs that are not done stay undone. *reader may be NULL. */
void nnt_read_ahead_destroy(nnt_read_ahead **reader);

void nnt_read_ahead_submit(nnt_read_ahead *reader, nnt_read_job *job);
/* Until the job is done, or one of its pieces failed; its status. */
nnt_status nnt_read_ahead_wait(nnt_read_ahead *reader, nnt_read_job *job,
                               nnt_error *error) NNT_MUST_CHECK;

/* Between the two the thread rests, and the caller may use HDF5. NULL is accepted. */
void nnt_read_ahead_hold(nnt_read_ahead *reader);
void nnt_read_ahead_release(nnt_read_ahead *reader);
/* The first of the two for a thread that cannot wait: false when the reader, working on a piece,
 * has not come to rest after so many seconds. It then goes on resting when it gets there. */
bool nnt_read_ahead_hold_within(nnt_read_ahead *reader, double seconds);
/* Pieces that were done so far, and whether one is being worked on; from any thread. 0, false
 * without a reader. */
uint32_t nnt_read_ahead_pieces(nnt_read_ahead *reader, bool *working);

#endif
