/* Command-line options from a table: parsing, the run file, --help, and getters that check.
 *
 * An option is a long name, `--name value` or `--name=value`; a flag stands alone. The same name
 * is a key of the run file (--config FILE, INI syntax: `name = value`, `#` comments); the command
 * line wins. Errors: NNT_BAD_USAGE, naming the option and its value. */
#ifndef NNT_CLI_OPTIONS_H
#define NNT_CLI_OPTIONS_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Options of a command, at most. */
#define OPTIONS_MOST 96
/* Words without dashes, at most. */
#define OPTIONS_MOST_POSITIONALS 64

typedef struct option_spec {
  const char *name;         /* without the dashes; NULL ends a table */
  const char *value_name;   /* as shown in --help; NULL for a flag */
  const char *default_text; /* the value when it is not given, parsed like one; or NULL */
  const char *help;         /* one sentence, with the unit */
} option_spec;

typedef struct options options;

/* Parses the words after the verb. `max_positionals` is how many words without dashes are taken.
 * The table and the strings of argv are borrowed. */
nnt_status options_parse(const option_spec *specs, const char *verb, int max_positionals, int argc,
                         char *const *argv, options **out, nnt_error *error) NNT_MUST_CHECK;
void options_destroy(options **parsed);

int options_positional_count(const options *parsed);
const char *options_positional(const options *parsed, int index);

/* Whether it was given, on the command line or in the run file. */
bool options_given(const options *parsed, const char *name);
/* The value or the default; NULL when there is neither. */
const char *options_text(const options *parsed, const char *name);
bool options_flag(const options *parsed, const char *name);
/* The value, or an error that names the option when there is none. */
nnt_status options_required(const options *parsed, const char *name, const char **out,
                            nnt_error *error) NNT_MUST_CHECK;
/* A number within [least, most]. */
nnt_status options_int(const options *parsed, const char *name, int64_t least, int64_t most,
                       int64_t *out, nnt_error *error) NNT_MUST_CHECK;
nnt_status options_real(const options *parsed, const char *name, double least, double most,
                        double *out, nnt_error *error) NNT_MUST_CHECK;
/* Comma-separated words, at most `most`; *out is one allocation (pointers and texts), freed with
 * free(), NULL with *count 0 when there is no value. Spaces around a word are dropped. */
nnt_status options_words(const options *parsed, const char *name, int64_t most, char ***out,
                         int64_t *count, nnt_error *error) NNT_MUST_CHECK;

/* A run file of all options, with their values or defaults, and what they are for; *out is freed
 * with free(). Options of the call itself (config, resume, ...) are left out; a
 * value that such a file cannot hold is left to the command line, by a comment. */
nnt_status options_write(const options *parsed, const char *heading, char **out,
                         nnt_error *error) NNT_MUST_CHECK;

/* The whole of `text` as a number; false when it is not one. */
bool parse_int(const char *text, int64_t *out);
bool parse_real(const char *text, double *out);

/* The word of `candidates` (NULL-terminated) that is nearest to `word` by Levenshtein's distance,
 * or NULL when none is near. */
const char *nearest_word(const char *word, const char *const *candidates);

void options_print_help(FILE *stream, const option_spec *specs);

#endif
