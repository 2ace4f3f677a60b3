/* The checkpoint that a rank writes when others can no longer: of the last update that all ranks
 * which share its parameters have finished and none has gone beyond (comm/heartbeat.h). It is named
 * and made like any other, so that --resume goes on from it with the same bits. Local. */
#ifndef NNT_GUARD_EMERGENCY_CHECKPOINT_H
#define NNT_GUARD_EMERGENCY_CHECKPOINT_H

#include <nntrain/train.h>

#include "guard/node_health.h"
#include "io/checkpoint.h"
#include "record/run_directory.h"
#include "step/step.h"

/* All borrowed. */
typedef struct nnt_emergency_checkpoint_plan {
  const nnt_train_options *options;
  const nnt_model *model;
  nnt_stepper *stepper;
  const nnt_history_entry *history;
} nnt_emergency_checkpoint_plan;

/* Nobody writes to the parameters, and nobody in this process uses HDF5. `name` becomes that of the
 * checkpoint. NNT_THERE_ALREADY: the state was saved before; NNT_NOT_WRITTEN: *error says why. */
nnt_saved nnt_emergency_checkpoint_save(const nnt_emergency_checkpoint_plan *plan,
                                        const nnt_train_state *state,
                                        char name[NNT_CHECKPOINT_NAME], nnt_error *error);

#endif
