/* The table of the options of `nntrain train`; train_settings.h reads them. */
#ifndef NNT_CLI_TRAIN_OPTIONS_H
#define NNT_CLI_TRAIN_OPTIONS_H

#include "cli/options.h"

/* Ends with a NULL name. */
extern const option_spec train_options[];

#endif
