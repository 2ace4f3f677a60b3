/* The run file: options from a file of lines `option = value`, and such a file from options.
 *
 * inih takes lines of INI_MAX_LINE characters. Longer ones are handed to it in pieces that begin
 * with a space, which it takes as more of the value above. */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options_internal.h"

typedef struct run_file {
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
  bool set_here[OPTIONS_MOST];
  nnt_status status;
  nnt_error *error;
} run_file;

/* Whether a value may be cut before this character: inih drops spaces at the ends of a piece, and
 * takes one that begins like a comment as one. */
static bool may_cut(const char *at) {
  return strchr(" \t\r\n;#", at[0]) == NULL && strchr(" \t", at[-1]) == NULL;
}

static nnt_status out_of_memory(const run_file *file, size_t size) {
  return nnt_fail_memory(file->error, size, "the run file");
}

static bool count_extra(run_file *file) {
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
static int line_of(const run_file *file, int piece) {
  int before = 0;
  while (before < file->extra_count && file->extra[before] <= piece) ++before;
  return piece - before;
}

/* Hands over as much of the line as fits. */
static char *next_piece(run_file *file, char *out, int size) {
  char *to = out;
  ++file->pieces;
  if (file->goes_on && !count_extra(file)) return NULL;
  if (file->goes_on) *to++ = ' ';
  size_t room = (size_t)size - 2 - (size_t)(to - out), length = strlen(file->next);
  if (length > room) {
    for (length = room; length > 0 && !may_cut(file->next + length);) --length;
    if (length == 0) {
      file->status =
          nnt_fail(file->error, NNT_BAD_USAGE,
                   "a line with too many spaces\n%s, line %d\nshorten it", file->path, file->lines);
      return NULL;
    }
  }
  memcpy(to, file->next, length);
  to[length] = '\0';
  file->next += length;
  return out;
}

/* inih's reader: NULL ends the file, at the first error. Lines lose their indent, since no line of
 * the file itself goes on with another. */
static char *read_line(char *out, int size, void *context) {
  run_file *file = context;
  if (file->status != NNT_OK) return NULL;
  file->goes_on = file->next != NULL && *file->next != '\0';
  if (file->goes_on) return next_piece(file, out, size);
  if (getline(&file->line, &file->capacity, file->stream) < 0) return NULL;
  ++file->lines;
  file->next = file->line + strspn(file->line, " \t");
  if (*file->next == '#' || *file->next == ';') file->next = "\n";
  return next_piece(file, out, size);
}

/* A value that came in pieces. */
static nnt_status append(run_file *file, int index, const char *piece) {
  options *parsed = file->parsed;
  if (!parsed->owned[index]) return NNT_OK; /* the command line's */
  size_t size = strlen(parsed->values[index]) + strlen(piece) + 1;
  char *whole = malloc(size);
  if (whole == NULL) return out_of_memory(file, size);
  (void)snprintf(whole, size, "%s%s", parsed->values[index], piece);
  union {
    const char *borrowed;
    void *owned;
  } before = {.borrowed = parsed->values[index]};
  free(before.owned);
  parsed->values[index] = whole;
  return NNT_OK;
}

/* The value of an option of the table; what is wrong with it is in file->status. A default counts
 * as not given: a file may state those of options that others rule out. */
static void take_value(run_file *file, int index, const char *where, const char *value) {
  options *parsed = file->parsed;
  const char *name = parsed->specs[index].name;
  bool is_flag = parsed->specs[index].value_name == NULL, yes = strcmp(value, "true") == 0;
  if (is_flag && !yes && strcmp(value, "false") != 0) {
    file->status = nnt_fail(file->error, NNT_BAD_USAGE,
                            "a flag of a run file is true or false\n%s = %s\nwrite %s = true",
                            where, value, name);
    return;
  }
  if (file->set_here[index] || value[0] == '\0') {
    file->status =
        nnt_fail(file->error, NNT_BAD_USAGE, "%s\n%s\nwrite %s = value, once",
                 value[0] == '\0' ? "a key without a value" : "a key given twice", where, name);
    return;
  }
  file->set_here[index] = true;
  const char *usual = parsed->specs[index].default_text;
  if ((is_flag && !yes) || (usual != NULL && strcmp(value, usual) == 0)) return;
  parsed->values[index] = strdup(is_flag ? "" : value);
  parsed->owned[index] = parsed->values[index] != NULL;
  if (!parsed->owned[index]) file->status = out_of_memory(file, strlen(value) + 1);
}

/* inih's handler: 1 goes on, 0 marks the line as wrong. */
static int take_key(void *context, const char *section, const char *name, const char *value) {
  run_file *file = context;
  options *parsed = file->parsed;
  char where[320];
  (void)snprintf(where, sizeof where, "%s, key '%s'", file->path, name);
  if (section[0] != '\0') {
    file->status =
        nnt_fail(file->error, NNT_BAD_USAGE,
                 "a run file has no sections\n%s, [%s]\nremove this line", file->path, section);
    return 0;
  }
  int index = options_find(parsed, name, strlen(name));
  if (index < 0 || strcmp(name, "config") == 0) {
    file->status = options_fail_unknown(parsed, name, where, file->error);
    return 0;
  }
  if (file->goes_on) {
    file->status = append(file, index, value);
    return 1;
  }
  if (parsed->values[index] != NULL && !file->set_here[index]) return 1;
  take_value(file, index, where, value);
  return file->status == NNT_OK;
}

nnt_status options_read_file(options *parsed, const char *path, nnt_error *error) {
  run_file file = {.parsed = parsed, .path = path, .status = NNT_OK, .error = error};
  int line = 0;
  file.stream = fopen(path, "r");
  if (file.stream != NULL) line = ini_parse_stream(read_line, &file, take_key, &file);
  bool failed = file.stream == NULL || ferror(file.stream) != 0;
  int reason = errno;
  if (file.stream != NULL) (void)fclose(file.stream);
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

/* Options of one call, which are no part of what a run is. */
static bool is_of_the_call(const char *name) {
  static const char *const names[] = {"config", "write-config", "resume", "dry-run", "quiet"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

/* Whether a run file can say it: inih takes a ; after a space as a comment, and drops spaces at the
 * ends. */
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

nnt_status options_write(const options *parsed, const char *heading, char **out, nnt_error *error) {
  size_t size = 0;
  *out = NULL;
  FILE *to = open_memstream(out, &size);
  if (to == NULL) return nnt_fail_memory(error, 1, "the run file");
  write_comment(to, heading);
  for (int i = 0; i < parsed->count; ++i) {
    const option_spec *spec = &parsed->specs[i];
    const char *value = parsed->values[i] != NULL ? parsed->values[i] : spec->default_text;
    bool flag = spec->value_name == NULL;
    if (is_of_the_call(spec->name)) continue;
    (void)fputc('\n', to);
    write_comment(to, spec->help);
    if (flag)
      (void)fprintf(to, "%s = %s\n", spec->name, parsed->values[i] != NULL ? "true" : "false");
    else if (value == NULL)
      (void)fprintf(to, "# %s = %s\n", spec->name, spec->value_name);
    else if (can_be_written(value))
      (void)fprintf(to, "%s = %s\n", spec->name, value);
    else
      (void)fprintf(to, "# the value cannot stand in a run file: give --%s again\n", spec->name);
  }
  if (fclose(to) == 0) return NNT_OK;
  free(*out);
  *out = NULL;
  return nnt_fail_memory(error, size, "the run file");
}
