/* When a run saves and when it stops: what the ranks agree on after every step.
 *
 * A rank that was asked to stop, or rank 0, whose clock counts, notes it before the step; the
 * exchange of the gradients carries the notes (net/layout.h), so that after the step all ranks know
 * the same, without a message of its own. Local unless said otherwise. */
#ifndef NNT_RECORD_STOP_AND_SAVE_H
#define NNT_RECORD_STOP_AND_SAVE_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "step/step.h"

typedef struct nnt_stop_and_save nnt_stop_and_save;

/* `deadline`: when the run is to have ended, by base/clock.h. `save_seconds` is a guess of how long
 * a checkpoint takes, until one was written. The stepper is borrowed. Collective. */
nnt_status nnt_stop_and_save_create(nnt_comm *comm, const nnt_train_options *options,
                                    nnt_stepper *stepper, double deadline, double save_seconds,
                                    nnt_stop_and_save **out, nnt_error *error) NNT_MUST_CHECK;
/* Collective. *agenda may be NULL. */
void nnt_stop_and_save_destroy(nnt_stop_and_save **agenda);

/* Writes this rank's notes for the step to come. NULL is accepted: nothing is noted. */
void nnt_stop_and_save_note(nnt_stop_and_save *agenda);

/* The same on all ranks. */
typedef struct nnt_verdict {
  bool stop;
  bool save;
} nnt_verdict;

/* After the step: `step` is the number of finished ones. */
nnt_verdict nnt_stop_and_save_read(nnt_stop_and_save *agenda, int64_t step);

/* Whether a checkpoint is due after this epoch; on rank 0. */
bool nnt_stop_and_save_is_due(const nnt_stop_and_save *agenda, int64_t epoch);
/* A checkpoint was begun; the longest so far took so long. */
void nnt_stop_and_save_saved(nnt_stop_and_save *agenda, double longest);

/* Whether this rank would stop, now. `agenda` is an nnt_stop_and_save. */
bool nnt_stop_and_save_wants_stop(const void *agenda);
/* What stops the run, as far as this rank knows: "by SIGTERM". */
void nnt_stop_and_save_describe(const nnt_stop_and_save *agenda, char *text, size_t size);

#endif
