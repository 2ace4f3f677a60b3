/* The options of `nntrain train` as the library takes them; `verify` has them too. Their table and
 * what reads it are in command_train.c. */
#ifndef NNT_CLI_TRAIN_SETTINGS_H
#define NNT_CLI_TRAIN_SETTINGS_H

#include <nntrain/train.h>
#include <stdbool.h>

#include "cli/options.h"

typedef struct train_settings {
  nnt_train_options train;
  char *data, *validation; /* strings that `train` borrows */
} train_settings;

/* `with_output`: the run is to leave something, so --output is needed. To be cleared in any case.
 */
nnt_status train_settings_take(const options *parsed, bool with_output, train_settings *out,
                               nnt_error *error) NNT_MUST_CHECK;
void train_settings_clear(train_settings *settings);

#endif
