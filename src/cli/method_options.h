/* Options of `nntrain train` that say how the parameters are updated; train_options.c has their
 * table. Errors: NNT_BAD_USAGE. */
#ifndef NNT_CLI_METHOD_OPTIONS_H
#define NNT_CLI_METHOD_OPTIONS_H

#include <nntrain/train.h>

#include "cli/options.h"

/* Options that the optimiser does not have are errors. */
nnt_status take_optimizer(const options *parsed, nnt_optimizer_settings *out,
                          nnt_error *error) NNT_MUST_CHECK;

/* Options that the schedule does not have are errors. */
nnt_status take_schedule(const options *parsed, nnt_schedule_settings *out,
                         nnt_error *error) NNT_MUST_CHECK;

/* After train_settings has taken hidden layers and loss. */
nnt_status take_regularization(const options *parsed, nnt_train_options *train,
                               nnt_error *error) NNT_MUST_CHECK;

#endif
