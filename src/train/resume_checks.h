/* Whether a checkpoint belongs to the run that the options describe. Local. */
#ifndef NNT_TRAIN_RESUME_CHECKS_H
#define NNT_TRAIN_RESUME_CHECKS_H

#include <nntrain/train.h>

#include "input/run_data.h"
#include "io/checkpoint.h"

/* `model` and `data` are those of the options. Errors: NNT_BAD_USAGE, naming what differs. */
nnt_status nnt_check_resume(const nnt_checkpoint *checkpoint, const nnt_model *model,
                            const nnt_train_options *options, const nnt_run_data *data,
                            nnt_error *error) NNT_MUST_CHECK;

#endif
