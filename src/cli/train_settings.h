/* The options of `nntrain train` as the library takes them; `verify` has them too. Their table and
 * what reads it are in command_train.c. */
#ifndef NNT_CLI_TRAIN_SETTINGS_H
#define NNT_CLI_TRAIN_SETTINGS_H

#include <nntrain/train.h>
#include <stdbool.h>

#include "cli/options.h"

/* `with_output`: the run is to leave something, so --output is needed. Strings of *out are those of
 * `parsed`. */
nnt_status train_settings_take(const options *parsed, bool with_output, nnt_train_options *out,
                               nnt_error *error) NNT_MUST_CHECK;

#endif
