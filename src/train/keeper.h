/* What a run keeps, and when: its checkpoints and metrics, written by rank 0 while the others train
 * on, and the end of a run that is asked to stop. Called by all ranks alike; collective where it
 * says so. */
#ifndef NNT_TRAIN_KEEPER_H
#define NNT_TRAIN_KEEPER_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "io/checkpoint.h"
#include "train/pulse.h"
#include "train/reader.h"
#include "train/step.h"

typedef struct nnt_keeper nnt_keeper;

/* All borrowed, and to outlive the keeper. */
typedef struct nnt_keeper_plan {
  const nnt_train_options *options;
  const nnt_train_events *events;
  const nnt_model *model;
  nnt_stepper *stepper;
  nnt_reader *reader; /* NULL: none */
  double deadline;    /* when the run is to have ended, by base/clock.h; may be infinite */
  bool resumed;
} nnt_keeper_plan;

/* The run as it stands; borrowed for the call. */
typedef struct nnt_kept {
  const nnt_train_state *state;
  const nnt_history_entry *history; /* [state->epoch] */
} nnt_kept;

/* Makes the files in the directory what they should be. Collective. */
nnt_status nnt_keeper_create(nnt_comm *comm, const nnt_keeper_plan *plan, const nnt_kept *now,
                             nnt_keeper **out, nnt_error *error) NNT_MUST_CHECK;
/* Collective. Waits for a checkpoint that is being written. NULL in it is accepted. */
void nnt_keeper_destroy(nnt_keeper **keeper);

/* Where rank 0 shows when it writes (train/pulse.h); borrowed, NULL: nowhere. */
void nnt_keeper_watch(nnt_keeper *keeper, const nnt_pulse *pulse);

/* Before a step. NULL is accepted. */
void nnt_keeper_note(nnt_keeper *keeper);
/* After it. *save, the same on all ranks: a checkpoint is due; `last`: the epoch's end follows, and
 * it is put off until then. Errors: NNT_STOPPED, on all ranks: the run is to stop. */
nnt_status nnt_keeper_step(nnt_keeper *keeper, const nnt_kept *now, bool last, bool *save,
                           nnt_error *error) NNT_MUST_CHECK;
/* Makes a checkpoint in the background. */
void nnt_keeper_save(nnt_keeper *keeper, const nnt_kept *now, bool best);
/* After an epoch: its line of metrics, and the checkpoint if one is due. */
void nnt_keeper_epoch(nnt_keeper *keeper, const nnt_kept *now, const nnt_epoch_event *event);

/* Whether no checkpoint is being written, within so many seconds. From any thread. */
bool nnt_keeper_rests_within(nnt_keeper *keeper, double seconds);

/* For nnt_evaluator_set_stop. */
bool nnt_keeper_wants_stop(const void *keeper);

/* Makes a checkpoint of the run as it stands (NULL: not), unless there is one, and waits until all
 * is on disk. Collective. Errors: what the last checkpoint failed with. */
nnt_status nnt_keeper_finish(nnt_keeper *keeper, const nnt_kept *now,
                             nnt_error *error) NNT_MUST_CHECK;
/* The same for a run that is stopped. Returns NNT_STOPPED with what to tell, or what the checkpoint
 * failed with. */
nnt_status nnt_keeper_stop(nnt_keeper *keeper, const nnt_kept *now,
                           nnt_error *error) NNT_MUST_CHECK;

#endif
