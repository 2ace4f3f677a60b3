/* The options of a command: the table that describes them, the values they were given, and getters
 * that check.
 *
 * An option is a long name with a value, or a flag without one. The same name is a key of the run
 * file (cli/run_file.h); the command line (cli/command_line.h) wins. Errors: NNT_BAD_USAGE, naming
 * the option and its value. */
#ifndef NNT_CLI_OPTIONS_H
#define NNT_CLI_OPTIONS_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

/* Options of a command, at most. */
#define OPTIONS_MOST 128
/* Words without dashes, at most. */
#define OPTIONS_MOST_POSITIONALS 64

/* What an option is about; --help and run files list the groups in this order. */
typedef enum option_group {
  GROUP_DATA,
  GROUP_NETWORK,
  GROUP_TRAINING,
  GROUP_REGULARIZATION,
  GROUP_OUTPUT,
  GROUP_RUNNING,
  GROUP_COUNT
} option_group;

/* Added to the group of a row. */
#define FIRST_SCREEN 0x100 /* among the few that matter most: `nntrain help COMMAND` shows it */
#define CALL_ONLY 0x200    /* of one call, no part of what a run is: not written to run files */

typedef struct option_spec {
  const char *name;         /* without the dashes; NULL ends a table */
  const char *value_name;   /* as shown in --help; NULL for a flag */
  const char *default_text; /* the value when none is given, parsed like one; or NULL */
  int group;                /* option_group, with FIRST_SCREEN and CALL_ONLY where they apply */
  /* What it does, with the unit; the first screen stops at the first "; ". "{activations}" and the
   * like become lists (cli/name_lists.h). */
  const char *help;
} option_spec;

option_group option_spec_group(const option_spec *spec);
/* "data", ...; NULL beyond the last group. */
const char *option_group_name(option_group group);

typedef struct options options;

/* Without values yet. The table is borrowed; `verb` is for messages. */
nnt_status options_create(const option_spec *specs, const char *verb, options **out,
                          nnt_error *error) NNT_MUST_CHECK;
void options_destroy(options **parsed);

/* --- for those that fill them: options by their index in the table --- */

const char *options_verb(const options *parsed);
int options_count(const options *parsed);
const option_spec *options_spec(const options *parsed, int index);
/* The option of this name, `length` characters; -1: none. */
int options_find(const options *parsed, const char *name, size_t length);
/* The value that was given; "" for a flag, NULL: none. */
const char *options_value(const options *parsed, int index);
/* Takes a copy of the value, in place of one given before. */
nnt_status options_set(options *parsed, int index, const char *value,
                       nnt_error *error) NNT_MUST_CHECK;
/* A word without dashes, borrowed; at most OPTIONS_MOST_POSITIONALS. */
void options_add_positional(options *parsed, const char *word);
/* `where` is the word, or its place in a file, for the message. */
nnt_status options_fail_unknown(const options *parsed, const char *name, const char *where,
                                nnt_error *error);

/* --- for the commands: options by their name, which must be in the table --- */

int options_positional_count(const options *parsed);
/* NULL beyond the last one. */
const char *options_positional(const options *parsed, int index);

/* Whether it was given, on the command line or in the run file. */
bool options_given(const options *parsed, const char *name);
/* The value or the default; NULL when there is neither. */
const char *options_text(const options *parsed, const char *name);
bool options_flag(const options *parsed, const char *name);
/* The value or the default, or an error that names the option when there is neither. */
nnt_status options_required(const options *parsed, const char *name, const char **out,
                            nnt_error *error) NNT_MUST_CHECK;
/* A number within [least, most]. */
nnt_status options_int(const options *parsed, const char *name, int64_t least, int64_t most,
                       int64_t *out, nnt_error *error) NNT_MUST_CHECK;
nnt_status options_real(const options *parsed, const char *name, double least, double most,
                        double *out, nnt_error *error) NNT_MUST_CHECK;
/* The index of the value in `choices`, which NULL ends. */
nnt_status options_choice(const options *parsed, const char *name, const char *const *choices,
                          int *out, nnt_error *error) NNT_MUST_CHECK;
/* Comma-separated words, at most `most`; *out is one allocation (pointers and texts), freed with
 * free(), NULL with *count 0 when there is no value. Spaces around a word are dropped. */
nnt_status options_words(const options *parsed, const char *name, int64_t most, char ***out,
                         int64_t *count, nnt_error *error) NNT_MUST_CHECK;

/* The whole of `text` as a number; false when it is not one. */
bool parse_int(const char *text, int64_t *out);
bool parse_real(const char *text, double *out);

#endif
