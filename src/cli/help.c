/* Help: an overview, each command's first screen, and its options by group.
 *
 * A command with rows marked FIRST_SCREEN shows those, and says how to see the rest; the others
 * show all of their options at once. */
#include "cli/help.h"

#include <ctype.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/name_lists.h"
#include "cli/nearest_word.h"

/* So many options, at most, are one list without headings. */
#define FEW_OPTIONS 10
/* The columns where the text of an option begins, and where it ends. */
#define TEXT_COLUMN 34
#define LAST_COLUMN 96

/* --- what is asked for --- */

static bool asks_for_help(const char *word) {
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

bool help_is_asked(int argc, char *const *argv) {
  if (argc < 2 || strcmp(argv[1], "help") == 0) return true;
  for (int i = 1; i < argc; ++i) {
    if (asks_for_help(argv[i])) return true;
  }
  return false;
}

static bool has_group(const option_spec *table, option_group group) {
  for (; table->name != NULL; ++table) {
    if (option_spec_group(table) == group) return true;
  }
  return false;
}

/* The option that a topic names, with its dashes or without; NULL: none. */
static const option_spec *find_option(const option_spec *table, const char *topic) {
  for (topic += strspn(topic, "-"); table->name != NULL; ++table) {
    if (strcmp(table->name, topic) == 0) return table;
  }
  return NULL;
}

/* GROUP_COUNT: none. */
static option_group find_group(const option_spec *table, const char *topic) {
  option_group group = 0;
  while (group < GROUP_COUNT &&
         (strcmp(option_group_name(group), topic) != 0 || !has_group(table, group)))
    ++group;
  return group;
}

static bool is_topic(const option_spec *table, const char *topic) {
  return strcmp(topic, "all") == 0 || find_group(table, topic) < GROUP_COUNT ||
         find_option(table, topic) != NULL;
}

static nnt_status fail_unknown_topic(const command *verb, const option_spec *table,
                                     const char *topic, nnt_error *error) {
  const char *names[GROUP_COUNT + 1 + OPTIONS_MOST + 1];
  char groups[120] = "";
  int count = 0;
  bool is_group = false; /* of other commands */
  for (option_group group = 0; group < GROUP_COUNT; ++group) {
    is_group = is_group || strcmp(option_group_name(group), topic) == 0;
    if (!has_group(table, group)) continue;
    names[count++] = option_group_name(group);
    size_t used = strlen(groups);
    (void)snprintf(groups + used, sizeof groups - used, "%s, ", option_group_name(group));
  }
  names[count++] = "all";
  for (const option_spec *spec = table; spec->name != NULL; ++spec) names[count++] = spec->name;
  names[count] = NULL;
  const char *nearest = is_group ? NULL : nearest_word(topic + strspn(topic, "-"), names);
  if (nearest != NULL)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "unknown help topic\nnntrain help %s %s\ndid you mean '%s'?", verb->name, topic,
                    nearest);
  return nnt_fail(error, NNT_BAD_USAGE,
                  "unknown help topic\nnntrain help %s %s\nchoose one of: %sall; or an option",
                  verb->name, topic, groups);
}

nnt_status help_find(int argc, char *const *argv, help_request *out, nnt_error *error) {
  const char *name = NULL;
  option_spec table[OPTIONS_MOST + 1];
  *out = (help_request){NULL, NULL};
  if (argc < 2) return NNT_OK;
  if (strcmp(argv[1], "help") == 0 || asks_for_help(argv[1])) {
    const char *words[2] = {NULL, NULL};
    int count = 0;
    for (int i = 2; i < argc; ++i) {
      if (asks_for_help(argv[i])) continue;
      if (count == 2)
        return nnt_fail(error, NNT_BAD_USAGE,
                        "unexpected argument\n%s\nwrite nntrain help COMMAND TOPIC", argv[i]);
      words[count++] = argv[i];
    }
    name = words[0];
    out->topic = words[1];
  } else {
    int at = 2;
    while (!asks_for_help(argv[at])) ++at;
    name = argv[1];
    if (at + 1 < argc && argv[at + 1][0] != '-') out->topic = argv[at + 1];
  }
  if (name == NULL) return NNT_OK;
  out->verb = command_find(name);
  if (out->verb == NULL) return command_fail_unknown(name, error);
  command_options(out->verb, table);
  if (out->topic == NULL || is_topic(table, out->topic)) return NNT_OK;
  return fail_unknown_topic(out->verb, table, out->topic, error);
}

/* --- what is printed --- */

static void print_overview(FILE *stream) {
  (void)fprintf(stream,
                "nntrain trains feed-forward neural networks on any number of MPI ranks.\n\n"
                "  mpirun -np 4 nntrain train --data train.h5 --hidden 512,512 --output run\n\n"
                "Commands:\n");
  for (int i = 0; commands[i] != NULL; ++i)
    (void)fprintf(stream, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  (void)fprintf(stream,
                "\n'nntrain help COMMAND' shows its options, 'nntrain --version' the build.\n");
}

static void print_capitalised(FILE *stream, const char *text, const char *after) {
  (void)fprintf(stream, "%c%s%s", toupper((unsigned char)text[0]), text + 1, after);
}

/* From column `indent` on, where the stream is already. */
static void print_wrapped(FILE *stream, const char *text, int length, int indent) {
  const int width = LAST_COLUMN - indent;
  while (length > width) {
    int cut = width;
    while (cut > 0 && text[cut] != ' ') --cut;
    if (cut == 0) break;
    (void)fprintf(stream, "%.*s\n%*s", cut, text, indent, "");
    text += cut + 1;
    length -= cut + 1;
  }
  (void)fprintf(stream, "%.*s\n", length, text);
}

static void print_paragraphs(FILE *stream, const char *text) {
  while (*text != '\0') {
    int length = (int)strcspn(text, "\n");
    print_wrapped(stream, text, length, 0);
    text += length + (text[length] == '\n' ? 1 : 0);
  }
}

static void print_option(FILE *stream, const option_spec *spec, bool brief) {
  char left[80], help[NAME_LISTS_SIZE], right[NAME_LISTS_SIZE + 80];
  name_lists_expand(spec->help, help);
  char *more = brief ? strstr(help, "; ") : NULL;
  if (more != NULL) *more = '\0';
  (void)snprintf(left, sizeof left, "  --%s %s", spec->name,
                 spec->value_name != NULL ? spec->value_name : "");
  (void)snprintf(right, sizeof right, spec->default_text != NULL ? "%s (default %s)" : "%s", help,
                 spec->default_text);
  if ((int)strlen(left) >= TEXT_COLUMN)
    (void)fprintf(stream, "%s\n%*s", left, TEXT_COLUMN, "");
  else
    (void)fprintf(stream, "%-*s", TEXT_COLUMN, left);
  print_wrapped(stream, right, (int)strlen(right), TEXT_COLUMN);
}

static void print_group(FILE *stream, const option_spec *table, option_group group) {
  for (const option_spec *spec = table; spec->name != NULL; ++spec)
    if (option_spec_group(spec) == group) print_option(stream, spec, false);
}

static void print_all_options(FILE *stream, const option_spec *table) {
  int count = 0;
  while (table[count].name != NULL) ++count;
  if (count <= FEW_OPTIONS) {
    (void)fprintf(stream, "\nOptions:\n");
    for (int i = 0; i < count; ++i) print_option(stream, &table[i], false);
    return;
  }
  for (option_group group = 0; group < GROUP_COUNT; ++group) {
    if (!has_group(table, group)) continue;
    (void)fputc('\n', stream);
    print_capitalised(stream, option_group_name(group), ":\n");
    print_group(stream, table, group);
  }
}

static bool has_first_screen(const command *verb) {
  for (const option_spec *spec = verb->options; spec->name != NULL; ++spec)
    if ((spec->group & FIRST_SCREEN) != 0) return true;
  return false;
}

static void print_first_options(FILE *stream, const command *verb, const option_spec *table) {
  static const char *const contents[] = {
      [GROUP_DATA] = "data sets and parts of them, weights, normalisation, order, reading",
      [GROUP_NETWORK] = "layers, activations, loss, initial weights",
      [GROUP_TRAINING] = "optimiser, learning rate and its schedule, batch, epochs",
      [GROUP_REGULARIZATION] = "weight decay, dropout, augmentation, early stopping",
      [GROUP_OUTPUT] = "what is written and printed, checkpoints",
      [GROUP_RUNNING] = "resuming, run file, ranks and threads, reproducibility, time limit"};
  (void)fprintf(stream, "\nOptions:\n");
  for (const option_spec *spec = verb->options; spec->name != NULL; ++spec)
    if ((spec->group & FIRST_SCREEN) != 0) print_option(stream, spec, true);
  (void)fprintf(stream,
                "\n'nntrain help %s all' shows every option, 'nntrain help %s GROUP' those of:\n",
                verb->name, verb->name);
  for (option_group group = 0; group < GROUP_COUNT; ++group) {
    if (has_group(table, group))
      (void)fprintf(stream, "  %-16s%s\n", option_group_name(group), contents[group]);
  }
}

static void print_command(FILE *stream, const command *verb, const option_spec *table, bool all) {
  bool first_screen = !all && has_first_screen(verb);
  (void)fprintf(stream, "Usage: nntrain %s %s\n\n", verb->name, verb->usage);
  print_capitalised(stream, verb->summary, ".\n");
  if (verb->borrows != NULL)
    (void)fprintf(stream, "Takes the options of 'nntrain %s', too.\n", verb->borrows->name);
  if (first_screen)
    print_first_options(stream, verb, table);
  else
    print_all_options(stream, table);
  (void)fprintf(stream, "\nExamples:\n%s", verb->examples);
  if (first_screen || verb->details == NULL) return;
  (void)fputc('\n', stream);
  print_paragraphs(stream, verb->details);
}

void help_print(FILE *stream, const help_request *request) {
  option_spec table[OPTIONS_MOST + 1];
  const char *topic = request->topic;
  if (request->verb == NULL) {
    print_overview(stream);
    return;
  }
  command_options(request->verb, table);
  option_group group = topic != NULL ? find_group(table, topic) : GROUP_COUNT;
  if (topic == NULL || strcmp(topic, "all") == 0) {
    print_command(stream, request->verb, table, topic != NULL);
  } else if (group < GROUP_COUNT) {
    print_capitalised(stream, topic, "");
    (void)fprintf(stream, " options of 'nntrain %s':\n", request->verb->name);
    print_group(stream, table, group);
  } else {
    print_option(stream, find_option(table, topic), false);
  }
}
