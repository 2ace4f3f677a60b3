/* Converting CSV and TSV files, in one pass. */
#include <inttypes.h>
#include <math.h>
#include <nntrain/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/class_table.h"
#include "convert/csv_columns.h"
#include "convert/csv_reader.h"
#include "convert/formats.h"
#include "convert/sample_writer.h"

/* The fields of the first row: the header, or a sample. */
typedef struct first_row {
  char **fields; /* owned, each too */
  int64_t count, capacity;
  bool done;
} first_row;

typedef struct conversion {
  const nnt_convert_options *options;
  first_row first;
  nnt_csv_columns columns;
  nnt_class_table *classes;
  nnt_sample_writer writer;
} conversion;

/* --- fields --- */

/* An error at a field; the message shows the beginning of its text. */
static nnt_status fail_field(const conversion *work, int64_t line, int64_t column, const char *text,
                             const char *what, const char *remedy, nnt_error *error) {
  char shown[41];
  (void)snprintf(shown, sizeof shown, "%s", text);
  char *const *names = work->columns.names;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "%s\n%.400s, line %" PRId64 ", column %" PRId64 "%s%.60s%s: '%s'\n%s", what,
                  work->options->input, line, column + 1, names != NULL ? " (" : "",
                  names != NULL ? names[column] : "", names != NULL ? ")" : "", shown, remedy);
}

static nnt_status take_number(const conversion *work, const char *text, int64_t line,
                              int64_t column, float *out, nnt_error *error) {
  static const char remedy[] = "put a number there, or omit the column with --drop";
  char *end = NULL;
  *out = strtof(text, &end);
  if (end != text && *end == '\0' && isfinite(*out)) return NNT_OK;
  if (text[0] == '\0') return fail_field(work, line, column, text, "empty field", remedy, error);
  if (end != text && *end == '\0')
    return fail_field(work, line, column, text, "the number is not finite in float32", remedy,
                      error);
  return fail_field(work, line, column, text, "not a number",
                    line == 1 ? "put a number there, or give --header yes if the first line is a "
                                "header"
                              : remedy,
                    error);
}

static nnt_status take_label(const conversion *work, const char *text, int64_t line, int64_t column,
                             int32_t *out, nnt_error *error) {
  if (text[0] == '\0')
    return fail_field(work, line, column, text, "empty class label",
                      "put a label there, or remove the row", error);
  switch (nnt_class_table_find(work->classes, text, out)) {
    case NNT_CLASS_FOUND:
      return NNT_OK;
    case NNT_CLASS_UNKNOWN:
      return fail_field(work, line, column, text, "the label is not among the class names",
                        "add it to --class-names", error);
    case NNT_CLASS_TOO_LONG:
      return fail_field(work, line, column, text, "the class label is longer than 255 bytes",
                        "name the column of the label with --label", error);
    case NNT_CLASS_TOO_MANY:
      return fail_field(work, line, column, text, "too many classes, more than 100000",
                        "for a regression name the column with --target in place of --label",
                        error);
    case NNT_CLASS_NO_MEMORY:
    default:
      return nnt_fail_memory(error, strlen(text), "class labels");
  }
}

static nnt_status take_value(conversion *work, const char *text, int64_t line, int64_t column,
                             nnt_error *error) {
  /* Reported at the end of the row. */
  if (column >= work->columns.count) return NNT_OK;
  const nnt_csv_column *use = &work->columns.column[column];
  switch (use->role) {
    case NNT_CSV_FEATURE:
      return take_number(work, text, line, column, nnt_sample_writer_x(&work->writer) + use->place,
                         error);
    case NNT_CSV_TARGET:
      return take_number(work, text, line, column,
                         nnt_sample_writer_targets(&work->writer) + use->place, error);
    case NNT_CSV_LABEL:
      return take_label(work, text, line, column, nnt_sample_writer_class(&work->writer), error);
    case NNT_CSV_DROPPED:
    default:
      return NNT_OK;
  }
}

/* --- the first row --- */

static nnt_status keep_first(first_row *first, const char *text, nnt_error *error) {
  if (first->count > NNT_MAX_WIDTH)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "too many columns\nthe first line has more than %" PRId64
                    " fields\ncheck --delimiter, and that lines end with a newline",
                    (int64_t)NNT_MAX_WIDTH);
  if (first->count == first->capacity) {
    int64_t capacity = first->capacity == 0 ? 64 : 2 * first->capacity;
    char **fields = realloc(first->fields, (size_t)capacity * sizeof *fields);
    if (fields == NULL)
      return nnt_fail_memory(error, (size_t)capacity * sizeof *fields, "the first line");
    first->fields = fields;
    first->capacity = capacity;
  }
  char *copy = strdup(text);
  if (copy == NULL) return nnt_fail_memory(error, strlen(text), "the first line");
  first->fields[first->count++] = copy;
  return NNT_OK;
}

static bool is_number(const char *text) {
  char *end = NULL;
  (void)strtof(text, &end);
  return end != text && *end == '\0';
}

static bool has_header(const conversion *work) {
  if (work->options->header == NNT_CSV_HEADER_YES) return true;
  if (work->options->header == NNT_CSV_HEADER_NO) return false;
  for (int64_t i = 0; i < work->first.count; ++i) {
    if (is_number(work->first.fields[i])) return false;
  }
  return true;
}

static nnt_status begin(conversion *work, bool header, nnt_error *error) {
  const nnt_convert_options *options = work->options;
  nnt_status status = nnt_csv_columns_create(options, header ? work->first.fields : NULL,
                                             work->first.count, &work->columns, error);
  if (status != NNT_OK) return status;
  return nnt_sample_writer_begin(&options->output, work->columns.features, work->columns.targets,
                                 &work->writer, error);
}

/* --- rows --- */

static nnt_status end_sample(conversion *work, int64_t line, int64_t columns, nnt_error *error) {
  if (columns != work->columns.count)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "row with a different number of fields\n%.400s, line %" PRId64
                    ", column %" PRId64 ": %" PRId64 " fields, the first line has %" PRId64
                    "\ncorrect the line; check --delimiter and quotes",
                    work->options->input, line,
                    (columns < work->columns.count ? columns : work->columns.count) + 1, columns,
                    work->columns.count);
  return nnt_sample_writer_next(&work->writer, error);
}

static nnt_status on_field(void *context, const char *text, int64_t line, int64_t column,
                           nnt_error *error) {
  conversion *work = context;
  if (!work->first.done) return keep_first(&work->first, text, error);
  return take_value(work, text, line, column, error);
}

static nnt_status on_row(void *context, int64_t line, int64_t columns, nnt_error *error) {
  conversion *work = context;
  if (work->first.done) return end_sample(work, line, columns, error);
  work->first.done = true;
  bool header = has_header(work);
  nnt_status status = begin(work, header, error);
  if (status != NNT_OK || header) return status;
  for (int64_t i = 0; i < columns && status == NNT_OK; ++i)
    status = take_value(work, work->first.fields[i], line, i, error);
  return status == NNT_OK ? end_sample(work, line, columns, error) : status;
}

/* --- the whole --- */

static nnt_status finish(conversion *work, nnt_convert_result *result, nnt_error *error) {
  nnt_class_order order = {.map = NULL};
  if (work->columns.targets == 0) {
    nnt_class_result ordered = nnt_class_table_order(work->classes, &order);
    if (ordered == NNT_CLASS_TOO_MANY)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "class labels that are too large\n%.400s: an integer label of %d or more\n"
                      "number the classes from 0, or name the column with --target for a "
                      "regression",
                      work->options->input, NNT_MAX_CLASSES);
    if (ordered != NNT_CLASS_FOUND) return nnt_fail_memory(error, 1, "class labels");
  }
  return nnt_sample_writer_finish(&work->writer, &order, result, error);
}

static nnt_status convert(conversion *work, nnt_convert_result *result, nnt_error *error) {
  static const nnt_csv_events events = {.field = on_field, .row = on_row};
  const nnt_convert_options *options = work->options;
  nnt_status status = nnt_csv_options_check(options, error);
  if (status == NNT_OK)
    status = nnt_class_table_create(options->class_names, options->class_name_count, &work->classes,
                                    error);
  if (status == NNT_OK)
    status = nnt_csv_read(options->input, options->delimiter, &events, work, error);
  if (status == NNT_OK && work->writer.samples == 0)
    status = nnt_fail(error, NNT_BAD_INPUT,
                      "no samples\n%.400s has %s\ngive a file with at least one row of data",
                      options->input, work->first.done ? "only a header" : "no rows");
  return status == NNT_OK ? finish(work, result, error) : status;
}

static void clear(conversion *work) {
  nnt_sample_writer_clear(&work->writer);
  nnt_class_table_destroy(&work->classes);
  nnt_csv_columns_clear(&work->columns);
  for (int64_t i = 0; i < work->first.count; ++i) free(work->first.fields[i]);
  free(work->first.fields);
}

static nnt_status convert_file(const nnt_convert_options *options, nnt_convert_result *result,
                               nnt_error *error) {
  conversion work = {.options = options};
  nnt_status status = convert(&work, result, error);
  clear(&work);
  return status;
}

const nnt_format nnt_csv_format = {.convert = convert_file};
