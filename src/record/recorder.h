/* What a run keeps, and when: its checkpoints and metrics, written by rank 0 while the others train
 * on, and the end of a run that is asked to stop. Called by all ranks alike; collective where it
 * says so. */
#ifndef NNT_RECORD_RECORDER_H
#define NNT_RECORD_RECORDER_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "comm/heartbeat.h"
#include "input/read_ahead.h"
#include "io/checkpoint.h"
#include "step/step.h"

typedef struct nnt_recorder nnt_recorder;

/* All borrowed, and to outlive the recorder. */
typedef struct nnt_recorder_plan {
  const nnt_train_options *options;
  const nnt_train_events *events;
  const nnt_model *model;
  nnt_stepper *stepper;
  nnt_read_ahead *reader; /* NULL: none */
  double deadline;        /* when the run is to have ended, by base/clock.h; may be infinite */
  bool resumed;
} nnt_recorder_plan;

/* The run as it stands; borrowed for the call. */
typedef struct nnt_recorded {
  const nnt_train_state *state;
  const nnt_history_entry *history; /* [state->epoch] */
} nnt_recorded;

/* Makes the files in the directory what they should be. Collective. */
nnt_status nnt_recorder_create(nnt_comm *comm, const nnt_recorder_plan *plan,
                               const nnt_recorded *now, nnt_recorder **out,
                               nnt_error *error) NNT_MUST_CHECK;
/* Collective. Waits for a checkpoint that is being written. *recorder may be NULL. */
void nnt_recorder_destroy(nnt_recorder **recorder);

/* Where rank 0 shows when it writes (comm/heartbeat.h); borrowed, NULL: nowhere. */
void nnt_recorder_watch(nnt_recorder *recorder, const nnt_heartbeat *heartbeat);

/* Before a step. NULL is accepted. */
void nnt_recorder_note(nnt_recorder *recorder);
/* After it. *save, the same on all ranks: a checkpoint is due; `last`: the epoch's end follows, and
 * it is put off until then. Errors: NNT_STOPPED, on all ranks: the run is to stop. */
nnt_status nnt_recorder_step(nnt_recorder *recorder, const nnt_recorded *now, bool last, bool *save,
                             nnt_error *error) NNT_MUST_CHECK;
/* Makes a checkpoint in the background. */
void nnt_recorder_save(nnt_recorder *recorder, const nnt_recorded *now, bool best);
/* After an epoch: its line of metrics, and the checkpoint if one is due. */
void nnt_recorder_epoch(nnt_recorder *recorder, const nnt_recorded *now,
                        const nnt_epoch_event *event);

/* Whether no checkpoint is being written, within so many seconds. From any thread. */
bool nnt_recorder_rests_within(nnt_recorder *recorder, double seconds);

/* For nnt_evaluator_set_stop. */
bool nnt_recorder_wants_stop(const void *recorder);

/* Makes a checkpoint of the run as it stands (NULL: not), unless there is one, and waits until all
 * is on disk. Collective. Errors: what the last checkpoint failed with. */
nnt_status nnt_recorder_finish(nnt_recorder *recorder, const nnt_recorded *now,
                               nnt_error *error) NNT_MUST_CHECK;
/* The same for a run that is stopped. Returns NNT_STOPPED with what to tell, or what the checkpoint
 * failed with. */
nnt_status nnt_recorder_stop(nnt_recorder *recorder, const nnt_recorded *now,
                             nnt_error *error) NNT_MUST_CHECK;

#endif
