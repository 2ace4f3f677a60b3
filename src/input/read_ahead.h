/* Reading ahead while the rank trains: one thread that runs jobs in the order of submission.
 *
 * HDF5 is used by one thread at a time: by the reader's thread, or by the caller's while the reader
 * is paused. The reader's thread makes no MPI calls. */
#ifndef NNT_INPUT_READ_AHEAD_H
#define NNT_INPUT_READ_AHEAD_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct nnt_read_ahead nnt_read_ahead;

/* The caller sets `piece` and `context`; the job must outlive the wait. */
typedef struct nnt_read_job {
  /* Runs a few milliseconds of the job; *more becomes false after the last piece. */
  nnt_status (*piece)(void *context, bool *more, nnt_error *error);
  void *context;
  bool done;
  nnt_status status;
  nnt_error error;
  struct nnt_read_job *next;
} nnt_read_job;

/* Errors: NNT_OUT_OF_MEMORY when no thread can be created. */
nnt_status nnt_read_ahead_create(nnt_read_ahead **out, nnt_error *error) NNT_MUST_CHECK;
/* Ends the thread; unfinished jobs are dropped. *reader may be NULL. */
void nnt_read_ahead_destroy(nnt_read_ahead **reader);

void nnt_read_ahead_submit(nnt_read_ahead *reader, nnt_read_job *job);
/* Waits until the job is done or has failed; returns its status. */
nnt_status nnt_read_ahead_wait(nnt_read_ahead *reader, nnt_read_job *job,
                               nnt_error *error) NNT_MUST_CHECK;

/* Between the two the thread is idle, and the caller may use HDF5. `reader` may be NULL. */
void nnt_read_ahead_pause(nnt_read_ahead *reader);
void nnt_read_ahead_resume(nnt_read_ahead *reader);
/* Pause with a timeout: false when the reader is still working on a piece after `seconds`. It then
 * stays paused after that piece. */
bool nnt_read_ahead_pause_within(nnt_read_ahead *reader, double seconds);
/* Pieces done so far, and whether one is in progress; from any thread. 0 and false if `reader` is
 * NULL. */
uint32_t nnt_read_ahead_pieces(nnt_read_ahead *reader, bool *working);

#endif
