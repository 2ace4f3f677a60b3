/* Options of a command and their values. */
#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/nearest_word.h"

struct options {
  const option_spec *specs;
  const char *verb;
  int count;
  char *values[OPTIONS_MOST]; /* given values, NULL otherwise; "" for a flag */
  const char *positionals[OPTIONS_MOST_POSITIONALS];
  int positional_count;
};

option_group option_spec_group(const option_spec *spec) {
  return (option_group)(spec->group & ~(FIRST_SCREEN | CALL_ONLY));
}

const char *option_group_name(option_group group) {
  static const char *const names[] = {
      [GROUP_DATA] = "data",         [GROUP_NETWORK] = "network",
      [GROUP_TRAINING] = "training", [GROUP_REGULARIZATION] = "regularisation",
      [GROUP_OUTPUT] = "output",     [GROUP_RUNNING] = "running"};
  return group < GROUP_COUNT ? names[group] : NULL;
}

nnt_status options_create(const option_spec *specs, const char *verb, options **out,
                          nnt_error *error) {
  options *parsed = calloc(1, sizeof *parsed);
  *out = parsed;
  if (parsed == NULL) return nnt_fail_memory(error, sizeof *parsed, "the command line");
  parsed->specs = specs;
  parsed->verb = verb;
  while (specs[parsed->count].name != NULL) ++parsed->count;
  assert(parsed->count <= OPTIONS_MOST);
  return NNT_OK;
}

void options_destroy(options **parsed) {
  if (*parsed == NULL) return;
  for (int i = 0; i < (*parsed)->count; ++i) free((*parsed)->values[i]);
  free(*parsed);
  *parsed = NULL;
}

const char *options_verb(const options *parsed) {
  return parsed->verb;
}

int options_count(const options *parsed) {
  return parsed->count;
}

const option_spec *options_spec(const options *parsed, int index) {
  return &parsed->specs[index];
}

int options_find(const options *parsed, const char *name, size_t length) {
  for (int i = 0; i < parsed->count; ++i) {
    const char *candidate = parsed->specs[i].name;
    if (strlen(candidate) == length && strncmp(candidate, name, length) == 0) return i;
  }
  return -1;
}

static int find_known(const options *parsed, const char *name) {
  int index = options_find(parsed, name, strlen(name));
  assert(index >= 0 && "an option that is not in the table");
  return index;
}

const char *options_value(const options *parsed, int index) {
  return parsed->values[index];
}

nnt_status options_set(options *parsed, int index, const char *value, nnt_error *error) {
  char *copy = strdup(value);
  if (copy == NULL) return nnt_fail_memory(error, strlen(value) + 1, "the value of an option");
  free(parsed->values[index]);
  parsed->values[index] = copy;
  return NNT_OK;
}

void options_add_positional(options *parsed, const char *word) {
  assert(parsed->positional_count < OPTIONS_MOST_POSITIONALS);
  parsed->positionals[parsed->positional_count++] = word;
}

nnt_status options_fail_unknown(const options *parsed, const char *name, const char *where,
                                nnt_error *error) {
  const char *names[OPTIONS_MOST + 1];
  for (int i = 0; i < parsed->count; ++i) names[i] = parsed->specs[i].name;
  names[parsed->count] = NULL;
  const char *nearest = nearest_word(name, names);
  if (nearest != NULL)
    return nnt_fail(error, NNT_BAD_USAGE, "unknown option\n%s\ndid you mean --%s?", where, nearest);
  return nnt_fail(error, NNT_BAD_USAGE, "unknown option\n%s\n'nntrain help %s all' lists them",
                  where, parsed->verb);
}

int options_positional_count(const options *parsed) {
  return parsed->positional_count;
}

const char *options_positional(const options *parsed, int index) {
  return index < parsed->positional_count ? parsed->positionals[index] : NULL;
}

bool options_given(const options *parsed, const char *name) {
  return parsed->values[find_known(parsed, name)] != NULL;
}

const char *options_text(const options *parsed, const char *name) {
  int index = find_known(parsed, name);
  return parsed->values[index] != NULL ? parsed->values[index] : parsed->specs[index].default_text;
}

bool options_flag(const options *parsed, const char *name) {
  return options_given(parsed, name);
}

nnt_status options_required(const options *parsed, const char *name, const char **out,
                            nnt_error *error) {
  *out = options_text(parsed, name);
  if (*out != NULL) return NNT_OK;
  const option_spec *spec = &parsed->specs[find_known(parsed, name)];
  return nnt_fail(error, NNT_BAD_USAGE, "missing option\nnntrain %s\nadd --%s %s", parsed->verb,
                  name, spec->value_name);
}

bool parse_int(const char *text, int64_t *out) {
  char *end = NULL;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0) return false;
  *out = value;
  return true;
}

bool parse_real(const char *text, double *out) {
  char *end = NULL;
  errno = 0;
  double value = strtod(text, &end);
  if (end == text || *end != '\0' || errno == ERANGE || !isfinite(value)) return false;
  *out = value;
  return true;
}

nnt_status options_int(const options *parsed, const char *name, int64_t least, int64_t most,
                       int64_t *out, nnt_error *error) {
  const char *text = NULL;
  nnt_status status = options_required(parsed, name, &text, error);
  if (status != NNT_OK) return status;
  if (parse_int(text, out) && *out >= least && *out <= most) return NNT_OK;
  if (most == INT64_MAX)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "not a valid number\n--%s %s\ngive a whole number of at least %lld", name, text,
                    (long long)least);
  return nnt_fail(error, NNT_BAD_USAGE,
                  "not a valid number\n--%s %s\ngive a whole number from %lld to %lld", name, text,
                  (long long)least, (long long)most);
}

nnt_status options_real(const options *parsed, const char *name, double least, double most,
                        double *out, nnt_error *error) {
  const char *text = NULL;
  nnt_status status = options_required(parsed, name, &text, error);
  if (status != NNT_OK) return status;
  if (parse_real(text, out) && *out >= least && *out <= most) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE, "not a valid number\n--%s %s\ngive a number from %g to %g",
                  name, text, least, most);
}

nnt_status options_choice(const options *parsed, const char *name, const char *const *choices,
                          int *out, nnt_error *error) {
  const char *text = NULL;
  char list[120] = "";
  nnt_status status = options_required(parsed, name, &text, error);
  if (status != NNT_OK) return status;
  for (*out = 0; choices[*out] != NULL; ++*out) {
    size_t used = strlen(list);
    if (strcmp(choices[*out], text) == 0) return NNT_OK;
    (void)snprintf(list + used, sizeof list - used, "%s%s", *out > 0 ? ", " : "", choices[*out]);
  }
  return nnt_fail(error, NNT_BAD_USAGE, "unknown value\n--%s %s\nchoose one of: %s", name, text,
                  list);
}

nnt_status options_words(const options *parsed, const char *name, int64_t most, char ***out,
                         int64_t *count, nnt_error *error) {
  *out = NULL;
  *count = 0;
  const char *text = options_text(parsed, name);
  if (text == NULL) return NNT_OK;
  int64_t words = 1;
  for (const char *c = text; *c != '\0'; ++c) words += *c == ',';
  if (words > most)
    return nnt_fail(error, NNT_BAD_USAGE, "list too long\n--%s, %lld values\ngive at most %lld",
                    name, (long long)words, (long long)most);
  size_t pointers = (size_t)words * sizeof(char *);
  char **list = malloc(pointers + strlen(text) + 1);
  if (list == NULL) return nnt_fail_memory(error, pointers, "a list of options");
  char *next = (char *)list + pointers;
  strcpy(next, text);
  for (int64_t i = 0; i < words; ++i) {
    char *end = next + strcspn(next, ",");
    char *following = *end == ',' ? end + 1 : end;
    while (*next == ' ') ++next;
    while (end > next && end[-1] == ' ') --end;
    *end = '\0';
    list[i] = next;
    next = following;
    if (list[i][0] == '\0') {
      free(list);
      return nnt_fail(error, NNT_BAD_USAGE, "empty value in a list\n--%s %s\nwrite --%s A,B,C",
                      name, text, name);
    }
  }
  *out = list;
  *count = words;
  return NNT_OK;
}
