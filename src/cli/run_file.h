/* The run file: options from a file of lines `option = value`, and such a file from options. */
#ifndef NNT_CLI_RUN_FILE_H
#define NNT_CLI_RUN_FILE_H

#include "cli/options.h"

/* From the file of --config, where it is given, the options that are not given yet. `option =
 * value` or `option: value`, flags are true or false, lines and ends of lines that begin with # or
 * ; are comments. A value that is the default counts as not given: a file may state the defaults of
 * options that others rule out. Errors: NNT_BAD_USAGE, with the file and the option or the line. */
nnt_status run_file_read(options *parsed, nnt_error *error) NNT_MUST_CHECK;

/* A run file of all options by their groups, with their values or defaults and their help; *out is
 * freed with free(). CALL_ONLY options are omitted; a value that such a file cannot hold is left to
 * the command line, by a comment. */
nnt_status run_file_write(const options *parsed, const char *heading, char **out,
                          nnt_error *error) NNT_MUST_CHECK;

#endif
