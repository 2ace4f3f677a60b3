/* All verbs. */
#ifndef NNT_CLI_COMMANDS_H
#define NNT_CLI_COMMANDS_H

#include "cli/command.h"

/* NULL-terminated, in the order of `nntrain help`. */
extern const command *const commands[];

/* NULL when there is none of this name. */
const command *command_find(const char *name);
/* With the nearest name as the remedy. */
nnt_status command_fail_unknown(const char *name, nnt_error *error);
/* The command's own options and the borrowed ones, ended by a NULL name. */
void command_options(const command *verb, option_spec table[OPTIONS_MOST + 1]);

#endif
