/* Options of `nntrain train` that say how the parameters are updated. Their table is in
 * command_train.c. Errors: NNT_BAD_USAGE. */
#ifndef NNT_CLI_METHOD_OPTIONS_H
#define NNT_CLI_METHOD_OPTIONS_H

#include <nntrain/train.h>

#include "cli/options.h"

/* An option that the optimiser has no use for is an error. */
nnt_status take_optimizer(const options *parsed, nnt_optimizer_settings *out,
                          nnt_error *error) NNT_MUST_CHECK;

/* An option that the schedule has no use for is an error. */
nnt_status take_schedule(const options *parsed, nnt_schedule_settings *out,
                         nnt_error *error) NNT_MUST_CHECK;

/* After hidden layers and loss were taken. */
nnt_status take_regularization(const options *parsed, nnt_train_options *train,
                               nnt_error *error) NNT_MUST_CHECK;

#endif
