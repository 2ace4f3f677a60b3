/* The checkpoint that a rank writes when others can no longer: of the last update that all ranks
 * which share its parameters have finished and none has gone beyond (train/pulse.h). It is named
 * and made like any other, so that --resume goes on from it with the same bits. Local. */
#ifndef NNT_TRAIN_SURVIVOR_H
#define NNT_TRAIN_SURVIVOR_H

#include <nntrain/train.h>

#include "io/checkpoint.h"
#include "train/run_directory.h"
#include "train/step.h"
#include "train/vitals.h"

/* All borrowed. */
typedef struct nnt_survivor_plan {
  const nnt_train_options *options;
  const nnt_model *model;
  nnt_stepper *stepper;
  const nnt_history_entry *history;
} nnt_survivor_plan;

/* Nobody writes to the parameters, and nobody in this process uses HDF5. `name` becomes that of the
 * checkpoint. NNT_THERE_ALREADY: the state was saved before; NNT_NOT_WRITTEN: *error says why. */
nnt_saved nnt_survivor_save(const nnt_survivor_plan *plan, const nnt_train_state *state,
                            char name[NNT_CHECKPOINT_NAME], nnt_error *error);

#endif
