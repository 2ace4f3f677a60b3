/* When a run writes checkpoints and when it stops: the decisions on which all ranks agree after
 * every step.
 *
 * A rank that has received a stop request, or rank 0, whose clock decides, sets control flags
 * before the step; they are sent with the gradients (net/layout.h), so that after the step all
 * ranks have the same flags, without additional messages. Local unless said otherwise. */
#ifndef NNT_RECORD_STOP_AND_SAVE_H
#define NNT_RECORD_STOP_AND_SAVE_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "step/step.h"

typedef struct nnt_stop_and_save nnt_stop_and_save;

/* `deadline`: by which the run must have ended (base/clock.h). `save_seconds`: estimated duration
 * of a checkpoint, until one has been measured. The stepper is borrowed. Collective. */
nnt_status nnt_stop_and_save_create(nnt_comm *comm, const nnt_train_options *options,
                                    nnt_stepper *stepper, double deadline, double save_seconds,
                                    nnt_stop_and_save **out, nnt_error *error) NNT_MUST_CHECK;
/* Collective. *policy may be NULL. */
void nnt_stop_and_save_destroy(nnt_stop_and_save **policy);

/* Sets this rank's flags for the next step. Does nothing if `policy` is NULL. */
void nnt_stop_and_save_set_flags(nnt_stop_and_save *policy);

/* The same on all ranks. */
typedef struct nnt_verdict {
  bool stop;
  bool save;
} nnt_verdict;

/* After the step; `step` is the number of finished steps. */
nnt_verdict nnt_stop_and_save_read_flags(nnt_stop_and_save *policy, int64_t step);

/* Whether a checkpoint is due after this epoch; on rank 0. */
bool nnt_stop_and_save_is_due(const nnt_stop_and_save *policy, int64_t epoch);
/* Records that a checkpoint was begun; `longest`: seconds of the longest one so far. */
void nnt_stop_and_save_saved(nnt_stop_and_save *policy, double longest);

/* Whether this rank wants to stop now. `policy` is an nnt_stop_and_save. */
bool nnt_stop_and_save_wants_stop(const void *policy);
/* The reason for stopping, as far as this rank knows: "by SIGTERM". */
void nnt_stop_and_save_describe(const nnt_stop_and_save *policy, char *text, size_t size);

#endif
