/* Options about data that several verbs have. */
#ifndef NNT_CLI_DATA_OPTIONS_H
#define NNT_CLI_DATA_OPTIONS_H

#include <nntrain/selection.h>
#include <nntrain/streaming.h>

#include "cli/options.h"

/* "500M", "1.5g", "4GiB", "4096": bytes, with powers of 1024; at least 1. */
bool parse_size(const char *text, int64_t *out);

/* --data-mode, --memory-limit, --io */
nnt_status take_reading(const options *parsed, nnt_reading *out, nnt_error *error) NNT_MUST_CHECK;
/* --shuffle, --shuffle-block, --shuffle-window */
nnt_status take_shuffling(const options *parsed, nnt_shuffling *out,
                          nnt_error *error) NNT_MUST_CHECK;

/* --limit, --split, --fold, --stratify; and --part where the command has it. */
nnt_status take_selection(const options *parsed, bool with_part, nnt_selection *out,
                          nnt_error *error) NNT_MUST_CHECK;

/* The directories that a command is given, runs [OPTIONS_MOST_POSITIONALS]; at least one. */
nnt_status take_runs(const options *parsed, const char *verb, const char **runs, int *count,
                     nnt_error *error) NNT_MUST_CHECK;

#endif
