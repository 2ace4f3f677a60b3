/* `nntrain help [COMMAND [TOPIC]]` and `nntrain COMMAND ... --help [TOPIC]`. */
#ifndef NNT_CLI_HELP_H
#define NNT_CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

typedef struct help_request {
  const command *verb; /* NULL: the overview of all commands */
  const char *topic;   /* "all", a group or an option of the verb; NULL: its first screen */
} help_request;

/* Whether the program's words ask for help. */
bool help_is_asked(int argc, char *const *argv);
/* What they ask for; strings are those of argv. Errors: NNT_BAD_USAGE for a command or a topic that
 * there is not. */
nnt_status help_find(int argc, char *const *argv, help_request *out,
                     nnt_error *error) NNT_MUST_CHECK;
void help_print(FILE *stream, const help_request *request);

#endif
