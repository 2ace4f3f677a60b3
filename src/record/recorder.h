/* Checkpoints and metrics of a run, written by rank 0 in the background, and the end of a run that
 * is stopped. Called by all ranks; collective where stated. */
#ifndef NNT_RECORD_RECORDER_H
#define NNT_RECORD_RECORDER_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "comm/heartbeat.h"
#include "input/read_ahead.h"
#include "io/checkpoint.h"
#include "step/step.h"

typedef struct nnt_recorder nnt_recorder;

/* All borrowed; must outlive the recorder. */
typedef struct nnt_recorder_plan {
  const nnt_train_options *options;
  const nnt_train_events *events;
  const nnt_model *model;
  nnt_stepper *stepper;
  nnt_read_ahead *reader; /* NULL: none */
  double deadline;        /* by which the run must have ended (base/clock.h); may be infinite */
  bool resumed;
} nnt_recorder_plan;

/* The current state of the run; borrowed for the call. */
typedef struct nnt_recorded {
  const nnt_train_state *state;
  const nnt_history_entry *history; /* [state->epoch] */
} nnt_recorded;

/* Brings the files in the directory into the state of the run. Collective. */
nnt_status nnt_recorder_create(nnt_comm *comm, const nnt_recorder_plan *plan,
                               const nnt_recorded *now, nnt_recorder **out,
                               nnt_error *error) NNT_MUST_CHECK;
/* Collective. Waits for a checkpoint that is being written. *recorder may be NULL. */
void nnt_recorder_destroy(nnt_recorder **recorder);

/* Sets the heartbeat in which rank 0 records that it is writing (comm/heartbeat.h); borrowed, may
 * be NULL. */
void nnt_recorder_watch(nnt_recorder *recorder, const nnt_heartbeat *heartbeat);

/* Sets this rank's control flags before a step. `recorder` may be NULL. */
void nnt_recorder_set_flags(nnt_recorder *recorder);
/* Reads the flags of all ranks after the step. *save, the same on all ranks: a checkpoint is due;
 * `last`: this was the last step of an epoch, and it is postponed to the epoch's end. Errors:
 * NNT_STOPPED, on all ranks, when the run has to stop. */
nnt_status nnt_recorder_step(nnt_recorder *recorder, const nnt_recorded *now, bool last, bool *save,
                             nnt_error *error) NNT_MUST_CHECK;
/* Writes a checkpoint in the background. */
void nnt_recorder_save(nnt_recorder *recorder, const nnt_recorded *now, bool best);
/* After an epoch: writes its line of metrics, and a checkpoint if one is due. */
void nnt_recorder_epoch(nnt_recorder *recorder, const nnt_recorded *now,
                        const nnt_epoch_event *event);

/* Waits up to `seconds`; whether no checkpoint is being written. From any thread. */
bool nnt_recorder_idle_within(nnt_recorder *recorder, double seconds);

/* For nnt_evaluator_set_stop. */
bool nnt_recorder_wants_stop(const void *recorder);

/* Writes a checkpoint of the current state (NULL: none) unless it exists, and waits until
 * everything is on disk. Collective. Errors: those of the last checkpoint. */
nnt_status nnt_recorder_finish(nnt_recorder *recorder, const nnt_recorded *now,
                               nnt_error *error) NNT_MUST_CHECK;
/* The same for a run that is stopped. Returns NNT_STOPPED with the message for the user, or the
 * error of the checkpoint. */
nnt_status nnt_recorder_stop(nnt_recorder *recorder, const nnt_recorded *now,
                             nnt_error *error) NNT_MUST_CHECK;

#endif
