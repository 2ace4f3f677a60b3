/* The roles of the columns of a CSV file. */
#include "convert/csv_columns.h"

#include <errno.h>
#include <inttypes.h>
#include <nntrain/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nnt_status nnt_csv_options_check(const nnt_convert_options *options, nnt_error *error) {
  if (options->label != NULL && options->target != NULL)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "both a class label and regression targets\n--label %s and --target %s\n"
                    "give one of them",
                    options->label, options->target);
  if (options->class_names != NULL && options->target != NULL)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "class names for regression targets\n--class-names and --target %s\n"
                    "omit --class-names, or give --label in place of --target",
                    options->target);
  return NNT_OK;
}

/* --- finding a column --- */

static void list_names(const nnt_csv_columns *columns, char *out, size_t size) {
  size_t used = 0;
  out[0] = '\0';
  for (int64_t i = 0; i < columns->count && used + 32 < size; ++i) {
    int written =
        snprintf(out + used, size - used, "%s%.24s", i > 0 ? ", " : "", columns->names[i]);
    used += written > 0 ? (size_t)written : 0;
  }
}

static nnt_status fail_column(const nnt_convert_options *options, const nnt_csv_columns *columns,
                              const char *option, const char *text, nnt_error *error) {
  char names[180] = "";
  if (columns->names == NULL)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "no such column\n%.400s, --%s %.100s: the first line is not a header\ngive a "
                    "number from 1 to %" PRId64 ", or --header yes",
                    options->input, option, text, columns->count);
  list_names(columns, names, sizeof names);
  return nnt_fail(error, NNT_BAD_USAGE,
                  "no such column\n%.400s, --%s %.100s\ngive a number from 1 to %" PRId64
                  " or a name: %s",
                  options->input, option, text, columns->count, names);
}

/* By name, or else by number from 1. */
static nnt_status find_column(const nnt_convert_options *options, const nnt_csv_columns *columns,
                              const char *option, const char *text, int64_t *out,
                              nnt_error *error) {
  int64_t found = 0;
  for (int64_t i = 0; columns->names != NULL && i < columns->count; ++i) {
    if (strcmp(columns->names[i], text) != 0) continue;
    ++found;
    *out = i;
  }
  if (found > 1)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "ambiguous column name in the header\n%.400s, --%s %.100s\n"
                    "give the column's number",
                    options->input, option, text);
  if (found == 1) return NNT_OK;
  char *end = NULL;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || number < 1 || number > columns->count)
    return fail_column(options, columns, option, text, error);
  *out = number - 1;
  return NNT_OK;
}

/* Sets the role of one column, which must not have one yet. */
static nnt_status assign(const nnt_convert_options *options, nnt_csv_columns *columns,
                         nnt_csv_role role, const char *option, const char *text,
                         nnt_error *error) {
  int64_t index = 0;
  nnt_status status = find_column(options, columns, option, text, &index, error);
  if (status != NNT_OK) return status;
  if (columns->column[index].role != NNT_CSV_FEATURE)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "column with two roles\n%.400s, --%s %.100s: column %" PRId64
                    "\nname each column at most once in --label, --target and --drop",
                    options->input, option, text, index + 1);
  columns->column[index].role = role;
  if (role == NNT_CSV_TARGET) columns->column[index].place = columns->targets++;
  return NNT_OK;
}

static nnt_status assign_list(const nnt_convert_options *options, nnt_csv_columns *columns,
                              nnt_csv_role role, const char *option, const char *list,
                              nnt_error *error) {
  if (list == NULL) return NNT_OK;
  char *copy = strdup(list);
  if (copy == NULL) return nnt_fail_memory(error, strlen(list), "a list of columns");
  nnt_status status = NNT_OK;
  char *next = copy;
  while (next != NULL && status == NNT_OK) {
    char *text = next + strspn(next, " ");
    char *comma = strchr(text, ',');
    next = comma != NULL ? comma + 1 : NULL;
    size_t length = comma != NULL ? (size_t)(comma - text) : strlen(text);
    while (length > 0 && text[length - 1] == ' ') --length;
    text[length] = '\0';
    status = assign(options, columns, role, option, text, error);
  }
  free(copy);
  return status;
}

/* --- all columns --- */

static nnt_status assign_all(const nnt_convert_options *options, nnt_csv_columns *columns,
                             nnt_error *error) {
  nnt_status status = assign_list(options, columns, NNT_CSV_DROPPED, "drop", options->drop, error);
  if (status == NNT_OK)
    status = assign_list(options, columns, NNT_CSV_TARGET, "target", options->target, error);
  if (status == NNT_OK && options->label != NULL)
    status = assign(options, columns, NNT_CSV_LABEL, "label", options->label, error);
  if (status != NNT_OK) return status;
  nnt_csv_column *last = &columns->column[columns->count - 1];
  if (options->label != NULL || columns->targets > 0) return NNT_OK;
  if (last->role == NNT_CSV_DROPPED)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "no label column\n%.400s: the last column is dropped\nname the label with "
                    "--label, or regression targets with --target",
                    options->input);
  last->role = NNT_CSV_LABEL;
  return NNT_OK;
}

nnt_status nnt_csv_columns_create(const nnt_convert_options *options, char *const *names,
                                  int64_t count, nnt_csv_columns *out, nnt_error *error) {
  *out = (nnt_csv_columns){.names = names, .count = count};
  out->column = calloc((size_t)count, sizeof *out->column);
  if (out->column == NULL)
    return nnt_fail_memory(error, (size_t)count * sizeof *out->column, "the columns of a file");
  nnt_status status = assign_all(options, out, error);
  for (int64_t i = 0; i < count; ++i) {
    if (out->column[i].role == NNT_CSV_FEATURE) out->column[i].place = out->features++;
  }
  if (status == NNT_OK && (out->features < 1 || out->features > NNT_MAX_WIDTH))
    status = nnt_fail(error, NNT_BAD_INPUT,
                      "%s\n%.400s: %" PRId64 " columns, %" PRId64
                      " of them features\n"
                      "%s",
                      out->features < 1 ? "no feature columns" : "too many features",
                      options->input, count, out->features,
                      out->features < 1 ? "check --delimiter (a semicolon must be given), "
                                          "--label, --target and --drop"
                                        : "use at most 16777216");
  if (status != NNT_OK) nnt_csv_columns_clear(out);
  return status;
}

void nnt_csv_columns_clear(nnt_csv_columns *columns) {
  free(columns->column);
  *columns = (nnt_csv_columns){.column = NULL};
}
