/* The options of `nntrain train` as the library takes them; `verify` takes them too. */
#ifndef NNT_CLI_TRAIN_SETTINGS_H
#define NNT_CLI_TRAIN_SETTINGS_H

#include <nntrain/train.h>
#include <stdbool.h>

#include "cli/options.h"

/* From options with the rows of train_options. `with_output`: --output is needed. Strings of *out
 * are those of `parsed`. */
nnt_status train_settings_take(const options *parsed, bool with_output, nnt_train_options *out,
                               nnt_error *error) NNT_MUST_CHECK;

#endif
