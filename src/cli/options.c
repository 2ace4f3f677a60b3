/* Command-line options from a table. */
#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options_internal.h"

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

static int smallest(int a, int b, int c) {
  int least = a < b ? a : b;
  return least < c ? least : c;
}

static int levenshtein(const char *a, const char *b) {
  enum { LONGEST = 63 };
  int row[LONGEST + 1];
  size_t length_a = strlen(a), length_b = strlen(b);
  if (length_a > LONGEST || length_b > LONGEST) return LONGEST;
  for (size_t j = 0; j <= length_b; ++j) row[j] = (int)j;
  for (size_t i = 1; i <= length_a; ++i) {
    int diagonal = row[0];
    row[0] = (int)i;
    for (size_t j = 1; j <= length_b; ++j) {
      int above = row[j];
      row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
      diagonal = above;
    }
  }
  return row[length_b];
}

const char *nearest_word(const char *word, const char *const *candidates) {
  const char *nearest = NULL;
  int limit = (int)strlen(word) / 2;
  int best = (limit < 4 ? limit : 4) + 1;
  for (int i = 0; candidates[i] != NULL; ++i) {
    int distance = levenshtein(word, candidates[i]);
    if (distance < best) {
      best = distance;
      nearest = candidates[i];
    }
  }
  return nearest;
}

nnt_status options_fail_unknown(const options *parsed, const char *name, const char *where,
                                nnt_error *error) {
  const char *names[OPTIONS_MOST + 1];
  for (int i = 0; i < parsed->count; ++i) names[i] = parsed->specs[i].name;
  names[parsed->count] = NULL;
  const char *nearest = nearest_word(name, names);
  if (nearest != NULL)
    return nnt_fail(error, NNT_BAD_USAGE, "unknown option\n%s\ndid you mean --%s?", where, nearest);
  return nnt_fail(error, NNT_BAD_USAGE, "unknown option\n%s\n'nntrain help %s' lists them", where,
                  parsed->verb);
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
  if (parsed->specs[index].value_name == NULL) {
    if (value != NULL)
      return nnt_fail(error, NNT_BAD_USAGE, "this option takes no value\n%s\nwrite just --%s", word,
                      parsed->specs[index].name);
    parsed->values[index] = "";
    return NNT_OK;
  }
  if (value == NULL && *next < argc && strncmp(argv[*next], "--", 2) != 0) value = argv[(*next)++];
  if (value == NULL || value[0] == '\0')
    return nnt_fail(error, NNT_BAD_USAGE, "an option without its value\n%s\nwrite %.60s %s", word,
                    word, parsed->specs[index].value_name);
  if (parsed->values[index] != NULL && strcmp(parsed->values[index], value) != 0)
    return nnt_fail(error, NNT_BAD_USAGE, "an option given twice\n--%s %s and %s\ngive it once",
                    parsed->specs[index].name, parsed->values[index], value);
  parsed->values[index] = value;
  return NNT_OK;
}

static nnt_status take_words(options *parsed, int max_positionals, int argc, char *const *argv,
                             nnt_error *error) {
  for (int i = 0; i < argc;) {
    if (strncmp(argv[i], "--", 2) == 0) {
      nnt_status status = take_option(parsed, argc, argv, &i, error);
      if (status != NNT_OK) return status;
    } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
      return options_fail_unknown(parsed, argv[i] + 1, argv[i], error);
    } else if (parsed->positional_count >= max_positionals) {
      return nnt_fail(error, NNT_BAD_USAGE,
                      "a word too many\n%s\n'nntrain help %s' shows what it takes", argv[i],
                      parsed->verb);
    } else {
      parsed->positionals[parsed->positional_count++] = argv[i++];
    }
  }
  return NNT_OK;
}

nnt_status options_parse(const option_spec *specs, const char *verb, int max_positionals, int argc,
                         char *const *argv, options **out, nnt_error *error) {
  assert(max_positionals <= OPTIONS_MOST_POSITIONALS);
  *out = NULL;
  options *parsed = calloc(1, sizeof *parsed);
  if (parsed == NULL) return nnt_fail_memory(error, sizeof *parsed, "the command line");
  parsed->specs = specs;
  parsed->verb = verb;
  while (specs[parsed->count].name != NULL) ++parsed->count;
  assert(parsed->count <= OPTIONS_MOST);
  nnt_status status = take_words(parsed, max_positionals, argc, argv, error);
  int config = options_find(parsed, "config", strlen("config"));
  if (status == NNT_OK && config >= 0 && specs[config].value_name != NULL &&
      parsed->values[config] != NULL)
    status = options_read_file(parsed, parsed->values[config], error);
  if (status != NNT_OK) {
    options_destroy(&parsed);
    return status;
  }
  *out = parsed;
  return NNT_OK;
}

void options_destroy(options **parsed) {
  if (*parsed == NULL) return;
  for (int i = 0; i < (*parsed)->count; ++i) {
    if ((*parsed)->owned[i]) {
      union {
        const char *borrowed;
        void *owned;
      } value = {.borrowed = (*parsed)->values[i]};
      free(value.owned);
    }
  }
  free(*parsed);
  *parsed = NULL;
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
  return nnt_fail(error, NNT_BAD_USAGE, "an option is missing\nnntrain %s\nadd --%s %s",
                  parsed->verb, name, spec->value_name);
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

nnt_status options_words(const options *parsed, const char *name, int64_t most, char ***out,
                         int64_t *count, nnt_error *error) {
  *out = NULL;
  *count = 0;
  const char *text = options_text(parsed, name);
  if (text == NULL) return NNT_OK;
  int64_t words = 1;
  for (const char *c = text; *c != '\0'; ++c) words += *c == ',';
  if (words > most)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "a list that is too long\n--%s, %lld values\nat most %lld", name,
                    (long long)words, (long long)most);
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
      return nnt_fail(error, NNT_BAD_USAGE, "an empty value in a list\n--%s %s\nwrite --%s a,b,c",
                      name, text, name);
    }
  }
  *out = list;
  *count = words;
  return NNT_OK;
}

/* Prints `text` from column `indent`, wrapped at 96 columns. */
static void print_wrapped(FILE *stream, const char *text, int indent) {
  const int width = 96 - indent;
  while ((int)strlen(text) > width) {
    int cut = width;
    while (cut > 0 && text[cut] != ' ') --cut;
    if (cut == 0) break;
    (void)fprintf(stream, "%.*s\n%*s", cut, text, indent, "");
    text += cut + 1;
  }
  (void)fprintf(stream, "%s\n", text);
}

void options_print_help(FILE *stream, const option_spec *specs) {
  enum { INDENT = 34 };
  for (const option_spec *spec = specs; spec->name != NULL; ++spec) {
    char left[80];
    char right[640];
    (void)snprintf(left, sizeof left, "  --%s %s", spec->name,
                   spec->value_name != NULL ? spec->value_name : "");
    (void)snprintf(right, sizeof right, spec->default_text != NULL ? "%s (default %s)" : "%s",
                   spec->help, spec->default_text);
    if ((int)strlen(left) >= INDENT)
      (void)fprintf(stream, "%s\n%*s", left, INDENT, "");
    else
      (void)fprintf(stream, "%-*s", INDENT, left);
    print_wrapped(stream, right, INDENT);
  }
}
