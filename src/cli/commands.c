/* All verbs. */
#include "cli/commands.h"

#include <assert.h>
#include <string.h>

#include "cli/nearest_word.h"

/* More than there are. */
#define COMMANDS_MOST 16

const command *const commands[COMMANDS_MOST + 1] = {
    &command_convert, &command_train,   &command_eval,   &command_predict, &command_report,
    &command_compare, &command_inspect, &command_export, &command_bench,   &command_verify};

const command *command_find(const char *name) {
  for (int i = 0; commands[i] != NULL; ++i) {
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  }
  return NULL;
}

nnt_status command_fail_unknown(const char *name, nnt_error *error) {
  const char *names[COMMANDS_MOST + 1] = {NULL};
  for (int i = 0; commands[i] != NULL; ++i) names[i] = commands[i]->name;
  const char *nearest = nearest_word(name, names);
  if (nearest != NULL)
    return nnt_fail(error, NNT_BAD_USAGE, "unknown command\n%s\ndid you mean '%s'?", name, nearest);
  return nnt_fail(error, NNT_BAD_USAGE, "unknown command\n%s\n'nntrain help' lists them", name);
}

void command_options(const command *verb, option_spec table[OPTIONS_MOST + 1]) {
  const option_spec *const parts[] = {verb->options,
                                      verb->borrows != NULL ? verb->borrows->options : NULL};
  int count = 0;
  for (int i = 0; i < 2 && parts[i] != NULL; ++i) {
    for (int j = 0; parts[i][j].name != NULL; ++j) {
      assert(count < OPTIONS_MOST);
      table[count++] = parts[i][j];
    }
  }
  table[count] = (option_spec){.name = NULL};
}
