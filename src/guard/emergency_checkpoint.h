/* The checkpoint that a rank writes when a run is aborted: the state after the last update that all
 * ranks sharing its parameters have finished, if none has begun another (comm/heartbeat.h). Its
 * name and format are those of any other, and --resume continues from it bitwise identically.
 * Local. */
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

/* The parameters must not be written to meanwhile, and no other thread of this process may use
 * HDF5. `name` becomes that of the checkpoint. NNT_THERE_ALREADY: the state was saved before;
 * NNT_NOT_WRITTEN: *error says why. */
nnt_saved nnt_emergency_checkpoint_save(const nnt_emergency_checkpoint_plan *plan,
                                        const nnt_train_state *state,
                                        char name[NNT_CHECKPOINT_NAME], nnt_error *error);

#endif
