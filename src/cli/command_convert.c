/* nntrain convert: IDX, CSV and TSV files to HDF5 data sets. */
#include <inttypes.h>
#include <nntrain/convert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/file_group.h"

#define MAX_CLASS_NAMES 100000

static const option_spec specs[] = {
    {"output", "FILE[:GROUP]", NULL,
     "HDF5 file to write; with :GROUP, such as data.h5:train, an existing file keeps its other "
     "groups"},
    {"format", "auto|idx|csv", "auto", "what the input is; auto looks at its first bytes"},
    {"label", "COLUMN", NULL,
     "CSV: column of the class, by name or number from 1 (default the last one)"},
    {"target", "COLUMNS", NULL,
     "CSV: column or columns of regression targets, by name or number, in place of --label"},
    {"drop", "COLUMNS", NULL, "CSV: columns to leave out, by name or number"},
    {"delimiter", "CHARACTER", NULL,
     "CSV: comma, tab, semicolon, or one character (default tab when the first line holds one "
     "and no comma, else comma)"},
    {"header", "auto|yes|no", "auto",
     "CSV: whether the first line names the columns; auto: when none of its fields is a "
     "number"},
    {"class-names", "A,B,C", NULL,
     "names of the classes in the order of their index (default for CSV: text labels sorted)"},
    {"compression", "0..9", "0", "deflate level, 0 is none"},
    {"force", NULL, NULL, "replace an existing output file, or data set in the group"},
    {NULL, NULL, NULL, NULL}};

/* --- options --- */

static nnt_status read_word(const options *parsed, const char *name, const char *const *words,
                            int *out, nnt_error *error) {
  const char *text = options_text(parsed, name);
  char list[80] = "";
  for (*out = 0; words[*out] != NULL; ++*out) {
    if (strcmp(words[*out], text) == 0) return NNT_OK;
    (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *out > 0 ? ", " : "",
                   words[*out]);
  }
  return nnt_fail(error, NNT_BAD_USAGE, "unknown value\n--%s %s\ngive one of: %s", name, text,
                  list);
}

static nnt_status read_delimiter(const options *parsed, char *out, nnt_error *error) {
  const char *text = options_text(parsed, "delimiter");
  *out = 0;
  if (text == NULL) return NNT_OK;
  if (strcmp(text, "comma") == 0)
    *out = ',';
  else if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
    *out = '\t';
  else if (strcmp(text, "semicolon") == 0)
    *out = ';';
  else if (strlen(text) == 1)
    *out = text[0];
  else
    return nnt_fail(error, NNT_BAD_USAGE,
                    "not a delimiter\n--delimiter %s\ngive comma, tab, semicolon, or one character",
                    text);
  return NNT_OK;
}

/* *names holds the strings of *out and is freed with free(). */
static nnt_status read_output(const options *parsed, char **names, nnt_convert_output *out,
                              nnt_error *error) {
  const char *text = NULL;
  file_group place = {NULL, NULL};
  int64_t level = 0;
  nnt_status status = options_required(parsed, "output", &text, error);
  if (status == NNT_OK) status = options_int(parsed, "compression", 0, 9, &level, error);
  if (status == NNT_OK) status = file_group_split(text, names, &place, error);
  if (status != NNT_OK) return status;
  *out = (nnt_convert_output){.path = place.path,
                              .group = place.group,
                              .force = options_flag(parsed, "force"),
                              .compression = (int)level};
  return NNT_OK;
}

static nnt_status find_format(const options *parsed, bool *is_idx, nnt_error *error) {
  static const char *const words[] = {"auto", "idx", "csv", NULL};
  int format = 0;
  if (options_positional_count(parsed) == 0)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "no input file\nnntrain convert\ngive one CSV file, or two IDX files: "
                    "features and labels");
  nnt_status status = read_word(parsed, "format", words, &format, error);
  *is_idx = format == 1;
  if (status != NNT_OK || format != 0) return status;
  return nnt_convert_is_idx(options_positional(parsed, 0), is_idx, error);
}

/* --- the two formats --- */

static nnt_status convert_idx(const options *parsed, nnt_convert_idx_options *todo,
                              nnt_convert_result *result, nnt_error *error) {
  static const char *const csv_only[] = {"label", "target", "drop", "delimiter", "header", NULL};
  for (int i = 0; csv_only[i] != NULL; ++i) {
    if (options_given(parsed, csv_only[i]))
      return nnt_fail(error, NNT_BAD_USAGE,
                      "an option for CSV with IDX files\n--%s with %s\nleave --%s away, or give "
                      "--format csv",
                      csv_only[i], options_positional(parsed, 0), csv_only[i]);
  }
  if (options_positional_count(parsed) != 2)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "the file of the labels is missing\n%s is an IDX file of features\nwrite "
                    "nntrain convert FEATURES LABELS --output FILE",
                    options_positional(parsed, 0));
  todo->features = options_positional(parsed, 0);
  todo->labels = options_positional(parsed, 1);
  return nnt_convert_idx(todo, result, error);
}

static nnt_status convert_csv(const options *parsed, const nnt_convert_idx_options *shared,
                              nnt_convert_result *result, nnt_error *error) {
  static const char *const words[] = {"auto", "yes", "no", NULL};
  nnt_convert_csv_options todo = {.path = options_positional(parsed, 0),
                                  .label = options_text(parsed, "label"),
                                  .targets = options_text(parsed, "target"),
                                  .drop = options_text(parsed, "drop"),
                                  .class_names = shared->class_names,
                                  .class_name_count = shared->class_name_count,
                                  .output = shared->output};
  int header = 0;
  if (options_positional_count(parsed) != 1)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "more than one CSV file\n%s\nconvert them one by one, each into its own file "
                    "or group",
                    options_positional(parsed, 1));
  nnt_status status = read_word(parsed, "header", words, &header, error);
  todo.header = header == 1   ? NNT_CSV_HEADER_YES
                : header == 2 ? NNT_CSV_HEADER_NO
                              : NNT_CSV_HEADER_AUTO;
  if (status == NNT_OK) status = read_delimiter(parsed, &todo.delimiter, error);
  return status == NNT_OK ? nnt_convert_csv(&todo, result, error) : status;
}

/* --- the command --- */

static void report(const char *output, const nnt_convert_result *result) {
  bool regression = result->targets > 0;
  int64_t outputs = regression ? result->targets : result->classes;
  const char *noun = regression ? (outputs == 1 ? "regression target" : "regression targets")
                                : (outputs == 1 ? "class" : "classes");
  printf("wrote %s: %" PRId64 " samples of %" PRId64 " features (%s), %" PRId64 " %s\n", output,
         result->samples, result->features, result->type, outputs, noun);
  printf("next: nntrain train --data %s --hidden 128%s --output run\n", output,
         regression ? " --loss mse" : "");
}

static nnt_status run(const options *parsed, nnt_comm *comm, nnt_error *error) {
  nnt_convert_idx_options todo = {.features = NULL};
  nnt_convert_result result = {.samples = 0};
  char *output_names = NULL;
  char **class_names = NULL;
  bool is_idx = false;
  (void)comm;
  nnt_status status = find_format(parsed, &is_idx, error);
  if (status == NNT_OK) status = read_output(parsed, &output_names, &todo.output, error);
  if (status == NNT_OK)
    status = options_words(parsed, "class-names", MAX_CLASS_NAMES, &class_names,
                           &todo.class_name_count, error);
  todo.class_names = class_names;
  if (status == NNT_OK)
    status = is_idx ? convert_idx(parsed, &todo, &result, error)
                    : convert_csv(parsed, &todo, &result, error);
  if (status == NNT_OK) report(options_text(parsed, "output"), &result);
  free(class_names);
  free(output_names);
  return status;
}

const command command_convert = {
    .name = "convert",
    .summary = "makes an HDF5 data set from IDX or CSV files, plain or gzip-compressed",
    .usage = "FEATURES.idx LABELS.idx | FILE.csv --output FILE[:GROUP] [options]",
    .details =
        "Examples:\n"
        "  nntrain convert train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz \\\n"
        "      --output mnist.h5:train\n"
        "  nntrain convert iris.csv --label species --output iris.h5\n"
        "  nntrain convert houses.csv.gz --target price --drop id,address --output houses.h5\n",
    .options = specs,
    .max_positionals = 2,
    .collective = 0,
    .run = run};
