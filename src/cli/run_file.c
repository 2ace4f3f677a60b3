/* The run file, with inih.
 *
 * inih takes lines of INI_MAX_LINE characters. Longer ones are handed to it in pieces that begin
 * with a space, which it takes as more of the value above. */
#include "cli/run_file.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/name_lists.h"

typedef struct reader {
  options *parsed;
  const char *path;
  FILE *stream;
  char *line; /* being handed over, from `next` on */
  size_t capacity;
  const char *next;
  int lines;  /* read so far */
  int pieces; /* handed over so far */
  int *extra; /* [extra_count] which of them were more of the one before */
  int extra_count;
  bool goes_on; /* the piece is more of the value above */
  int index;    /* the option whose value is being read; -1: none, or the command line has it */
  char *value;  /* of it, so far */
  bool set_here[OPTIONS_MOST];
  nnt_status status;
  nnt_error *error;
} reader;

/* Whether a value may be cut before this character: inih drops spaces at the ends of a piece, and
 * takes one that begins like a comment as one. */
static bool may_cut(const char *at) {
  return strchr(" \t\r\n;#", at[0]) == NULL && strchr(" \t", at[-1]) == NULL;
}

static nnt_status out_of_memory(const reader *file, size_t size) {
  return nnt_fail_memory(file->error, size, "the run file");
}

static bool count_extra(reader *file) {
  size_t bytes = ((size_t)file->extra_count + 1) * sizeof *file->extra;
  int *larger = realloc(file->extra, bytes);
  if (larger == NULL) {
    file->status = out_of_memory(file, bytes);
    return false;
  }
  file->extra = larger;
  larger[file->extra_count++] = file->pieces;
  return true;
}

/* The line of a piece, from 1. */
static int line_of(const reader *file, int piece) {
  int before = 0;
  while (before < file->extra_count && file->extra[before] <= piece) ++before;
  return piece - before;
}

/* Hands over as much of the line as fits. */
static char *next_piece(reader *file, char *out, int size) {
  char *to = out;
  ++file->pieces;
  if (file->goes_on && !count_extra(file)) return NULL;
  if (file->goes_on) *to++ = ' ';
  size_t room = (size_t)size - 2 - (size_t)(to - out), length = strlen(file->next);
  if (length > room) {
    for (length = room; length > 0 && !may_cut(file->next + length);) --length;
    if (length == 0) {
      file->status =
          nnt_fail(file->error, NNT_BAD_USAGE, "line with too many spaces\n%s, line %d\nshorten it",
                   file->path, file->lines);
      return NULL;
    }
  }
  memcpy(to, file->next, length);
  to[length] = '\0';
  file->next += length;
  return out;
}

/* More of the value. */
static void append(reader *file, const char *piece) {
  size_t before = file->value != NULL ? strlen(file->value) : 0;
  size_t size = before + strlen(piece) + 1;
  char *whole = realloc(file->value, size);
  if (whole == NULL) {
    file->status = out_of_memory(file, size);
    return;
  }
  (void)snprintf(whole + before, size - before, "%s", piece);
  file->value = whole;
}

/* The whole value of an option; what is wrong with it is in file->status. */
static void set_value(reader *file, int index, const char *value) {
  const option_spec *spec = options_spec(file->parsed, index);
  bool is_flag = spec->value_name == NULL, yes = strcmp(value, "true") == 0;
  if (value[0] == '\0' || file->set_here[index]) {
    file->status = nnt_fail(file->error, NNT_BAD_USAGE, "%s\n%s, key '%s'\nwrite %s = value, once",
                            value[0] == '\0' ? "key without a value" : "key given twice",
                            file->path, spec->name, spec->name);
    return;
  }
  if (is_flag && !yes && strcmp(value, "false") != 0) {
    file->status = nnt_fail(file->error, NNT_BAD_USAGE,
                            "a flag in a run file is true or false\n%s, key '%s' = %s\nwrite "
                            "%s = true",
                            file->path, spec->name, value, spec->name);
    return;
  }
  file->set_here[index] = true;
  bool is_default = spec->default_text != NULL && strcmp(value, spec->default_text) == 0;
  if (is_flag ? yes : !is_default)
    file->status = options_set(file->parsed, index, is_flag ? "" : value, file->error);
}

/* The value that was being read has all its pieces. */
static void end_value(reader *file) {
  if (file->index >= 0 && file->status == NNT_OK) set_value(file, file->index, file->value);
  file->index = -1;
  free(file->value);
  file->value = NULL;
}

/* inih's reader: NULL ends the file, at the first error. Lines lose their indent, since no line of
 * the file itself goes on with another. */
static char *read_line(char *out, int size, void *context) {
  reader *file = context;
  if (file->status != NNT_OK) return NULL;
  file->goes_on = file->next != NULL && *file->next != '\0';
  if (file->goes_on) return next_piece(file, out, size);
  end_value(file);
  if (file->status != NNT_OK) return NULL;
  if (getline(&file->line, &file->capacity, file->stream) < 0) return NULL;
  ++file->lines;
  file->next = file->line + strspn(file->line, " \t");
  if (*file->next == '#' || *file->next == ';') file->next = "\n";
  return next_piece(file, out, size);
}

/* inih's handler: 1 goes on, 0 marks the line as wrong. */
static int take_key(void *context, const char *section, const char *name, const char *value) {
  reader *file = context;
  options *parsed = file->parsed;
  if (!file->goes_on) {
    int index = options_find(parsed, name, strlen(name));
    if (section[0] != '\0') {
      file->status =
          nnt_fail(file->error, NNT_BAD_USAGE,
                   "a run file has no sections\n%s, [%s]\nremove this line", file->path, section);
      return 0;
    }
    if (index < 0 || strcmp(name, "config") == 0) {
      char where[320];
      (void)snprintf(where, sizeof where, "%s, key '%s'", file->path, name);
      file->status = options_fail_unknown(parsed, name, where, file->error);
      return 0;
    }
    bool given_before = options_value(parsed, index) != NULL && !file->set_here[index];
    file->index = given_before ? -1 : index;
  }
  if (file->index >= 0) append(file, value);
  return file->status == NNT_OK;
}

static nnt_status read_from(options *parsed, const char *path, nnt_error *error) {
  reader file = {.parsed = parsed, .path = path, .index = -1, .status = NNT_OK, .error = error};
  int line = 0;
  file.stream = fopen(path, "r");
  if (file.stream != NULL) line = ini_parse_stream(read_line, &file, take_key, &file);
  bool failed = file.stream == NULL || ferror(file.stream) != 0;
  int reason = errno;
  if (file.stream != NULL) (void)fclose(file.stream);
  end_value(&file);
  free(file.line);
  if (line > 0) line = line_of(&file, line);
  free(file.extra);
  if (file.status != NNT_OK) return file.status;
  if (failed)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "cannot read the run file\n--config %s: %s\ncheck the path", path,
                    strerror(reason));
  if (line > 0)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "not a line of a run file\n%s, line %d\nwrite 'option = value', without dashes",
                    path, line);
  return NNT_OK;
}

nnt_status run_file_read(options *parsed, nnt_error *error) {
  int config = options_find(parsed, "config", strlen("config"));
  /* `inspect` has a flag of this name. */
  if (config < 0 || options_spec(parsed, config)->value_name == NULL) return NNT_OK;
  const char *path = options_value(parsed, config);
  return path != NULL ? read_from(parsed, path, error) : NNT_OK;
}

/* Whether a run file can hold it: inih takes a ; after a space as a comment, and drops spaces at
 * the ends. */
static bool can_be_written(const char *value) {
  size_t length = strlen(value);
  if (length == 0 || strpbrk(value, "\n\r") != NULL) return false;
  if (strchr(" \t", value[0]) != NULL || strchr(" \t", value[length - 1]) != NULL) return false;
  return value[0] != ';' && strstr(value, " ;") == NULL && strstr(value, "\t;") == NULL;
}

static void write_comment(FILE *to, const char *text) {
  const int width = 94;
  while ((int)strlen(text) > width) {
    int cut = width;
    while (cut > 0 && text[cut] != ' ') --cut;
    if (cut == 0) break;
    (void)fprintf(to, "# %.*s\n", cut, text);
    text += cut + 1;
  }
  (void)fprintf(to, "# %s\n", text);
}

static void write_option(FILE *to, const option_spec *spec, const char *given) {
  char help[NAME_LISTS_SIZE];
  const char *value = given != NULL ? given : spec->default_text;
  name_lists_expand(spec->help, help);
  (void)fputc('\n', to);
  write_comment(to, help);
  if (spec->value_name == NULL)
    (void)fprintf(to, "%s = %s\n", spec->name, given != NULL ? "true" : "false");
  else if (value == NULL)
    (void)fprintf(to, "# %s = %s\n", spec->name, spec->value_name);
  else if (can_be_written(value))
    (void)fprintf(to, "%s = %s\n", spec->name, value);
  else
    (void)fprintf(to, "# a run file cannot hold this value: give --%s again\n", spec->name);
}

nnt_status run_file_write(const options *parsed, const char *heading, char **out,
                          nnt_error *error) {
  size_t size = 0;
  *out = NULL;
  FILE *to = open_memstream(out, &size);
  if (to == NULL) return nnt_fail_memory(error, 1, "the run file");
  write_comment(to, heading);
  for (option_group group = 0; group < GROUP_COUNT; ++group) {
    bool begun = false;
    for (int i = 0; i < options_count(parsed); ++i) {
      const option_spec *spec = options_spec(parsed, i);
      if (option_spec_group(spec) != group || (spec->group & CALL_ONLY) != 0) continue;
      if (!begun) (void)fprintf(to, "\n# --- %s ---\n", option_group_name(group));
      begun = true;
      write_option(to, spec, options_value(parsed, i));
    }
  }
  if (fclose(to) == 0) return NNT_OK;
  free(*out);
  *out = NULL;
  return nnt_fail_memory(error, size, "the run file");
}
