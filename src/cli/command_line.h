/* The words of the command line that follow the verb. */
#ifndef NNT_CLI_COMMAND_LINE_H
#define NNT_CLI_COMMAND_LINE_H

#include "cli/options.h"

/* Options, `--name value` or `--name=value`, and at most `max_positionals` words without dashes;
 * then the run file of --config where the table has that option, for what is not given yet. The
 * table and argv are borrowed. Errors: NNT_BAD_USAGE. */
nnt_status command_line_parse(const option_spec *specs, const char *verb, int max_positionals,
                              int argc, char *const *argv, options **out,
                              nnt_error *error) NNT_MUST_CHECK;

#endif
