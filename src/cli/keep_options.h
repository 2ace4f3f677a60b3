/* Options of checkpoints and limits of a run. */
#ifndef NNT_CLI_KEEP_OPTIONS_H
#define NNT_CLI_KEEP_OPTIONS_H

#include <nntrain/train.h>
#include <stdbool.h>

#include "cli/options.h"

/* --checkpoint-every, --keep, --watchdog, --time-limit. Without the last, the end of the Slurm job
 * (SLURM_JOB_END_TIME) is the limit where there is one. */
nnt_status take_keeping(const options *parsed, nnt_train_options *train,
                        nnt_error *error) NNT_MUST_CHECK;

/* "500steps", "2 epochs", "10min", "30s", "1h"; false for anything else. */
bool parse_interval(const char *text, nnt_interval *out);
/* Seconds of a duration as Slurm writes it: minutes, M:S, H:M:S, D-H, D-H:M, D-H:M:S; false for
 * anything else. */
bool parse_duration(const char *text, double *out);

#endif
