/* The words of the command line that follow the verb. */
#include "cli/command_line.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli/run_file.h"

/* The value of option `index`, from `value` or the following word. */
static nnt_status take_value(options *parsed, int index, const char *word, const char *value,
                             nnt_error *error) {
  const option_spec *spec = options_spec(parsed, index);
  const char *before = options_value(parsed, index);
  if (value == NULL || value[0] == '\0')
    return nnt_fail(error, NNT_BAD_USAGE, "option without its value\n%s\nwrite %.60s %s", word,
                    word, spec->value_name);
  if (before != NULL && strcmp(before, value) != 0)
    return nnt_fail(error, NNT_BAD_USAGE, "option given twice\n--%s %s and %s\ngive it once",
                    spec->name, before, value);
  return options_set(parsed, index, value, error);
}

/* One word that begins with dashes; *next is the index of the following word. */
static nnt_status take_option(options *parsed, int argc, char *const *argv, int *next,
                              nnt_error *error) {
  const char *word = argv[*next];
  const char *name = word + 2;
  size_t length = strcspn(name, "=");
  int index = options_find(parsed, name, length);
  if (index < 0) {
    char cut[64];
    (void)snprintf(cut, sizeof cut, "%.*s", (int)length, name);
    return options_fail_unknown(parsed, cut, word, error);
  }
  ++*next;
  const char *value = name[length] == '=' ? name + length + 1 : NULL;
  if (options_spec(parsed, index)->value_name != NULL) {
    if (value == NULL && *next < argc && strncmp(argv[*next], "--", 2) != 0)
      value = argv[(*next)++];
    return take_value(parsed, index, word, value, error);
  }
  if (value != NULL)
    return nnt_fail(error, NNT_BAD_USAGE, "this option takes no value\n%s\nwrite just --%s", word,
                    options_spec(parsed, index)->name);
  return options_set(parsed, index, "", error);
}

static nnt_status take_words(options *parsed, int max_positionals, int argc, char *const *argv,
                             nnt_error *error) {
  for (int i = 0; i < argc;) {
    if (strncmp(argv[i], "--", 2) == 0) {
      nnt_status status = take_option(parsed, argc, argv, &i, error);
      if (status != NNT_OK) return status;
    } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
      return options_fail_unknown(parsed, argv[i] + 1, argv[i], error);
    } else if (options_positional_count(parsed) >= max_positionals) {
      return nnt_fail(error, NNT_BAD_USAGE,
                      "unexpected argument\n%s\n'nntrain help %s' shows what it takes", argv[i],
                      options_verb(parsed));
    } else {
      options_add_positional(parsed, argv[i++]);
    }
  }
  return NNT_OK;
}

nnt_status command_line_parse(const option_spec *specs, const char *verb, int max_positionals,
                              int argc, char *const *argv, options **out, nnt_error *error) {
  assert(max_positionals <= OPTIONS_MOST_POSITIONALS);
  nnt_status status = options_create(specs, verb, out, error);
  if (status == NNT_OK) status = take_words(*out, max_positionals, argc, argv, error);
  if (status == NNT_OK) status = run_file_read(*out, error);
  if (status != NNT_OK) options_destroy(out);
  return status;
}
