/* nntrain convert: files of other formats to HDF5 data sets. The formats are the library's. */
#include <inttypes.h>
#include <nntrain/convert.h>
#include <nntrain/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/file_group.h"

#define MAX_CLASS_NAMES 100000

/* Of each row of the table: ", idx"; "IDX, "; its help, by the number of its input files. */
#define FORMAT_WORD(name, title, files, options, help) ", " #name
#define FORMAT_TITLE(name, title, files, options, help) title ", "
#define FORMAT_FILES_1 "FILE"
#define FORMAT_FILES_2 "FEATURES LABELS"
#define FORMAT_HELP(name, title, files, options, help) \
  "  " #name ": " FORMAT_FILES_##files " [" options "]\n      " help "\n"

static const option_spec specs[] = {
    {"format", "NAME", "auto", GROUP_DATA,
     "format of the input, one of: auto (by its first bytes)" NNT_CONVERT_FORMATS(FORMAT_WORD)},
    {"label", "COLUMN", NULL, GROUP_DATA,
     "column of the class, by name or number from 1 (default the last column)"},
    {"target", "COLUMNS", NULL, GROUP_DATA,
     "for a regression: columns of the targets, by name or number, instead of --label; for "
     "LIBSVM 'label': its labels are targets, not classes"},
    {"drop", "COLUMNS", NULL, GROUP_DATA, "columns to omit, by name or number"},
    {"delimiter", "CHARACTER", NULL, GROUP_DATA,
     "between columns: comma, tab, semicolon, or one character (default tab if the first line has "
     "one and no comma, else comma)"},
    {"header", "auto|yes|no", "auto", GROUP_DATA,
     "whether the first line names the columns; auto: if none of its fields is a number"},
    {"x-name", "NAME", "x", GROUP_DATA, "array of the features"},
    {"y-name", "NAME", "y", GROUP_DATA, "array of the labels or targets"},
    {"features", "N", NULL, GROUP_DATA,
     "number of features, the same for all files of a task (default the largest index in the "
     "file, which is then read twice)"},
    {"zero-based", NULL, NULL, GROUP_DATA, "indices start at 0, not at 1"},
    {"class-names", "A,B,C", NULL, GROUP_DATA,
     "names of the classes in the order of their index (default for CSV the text labels, sorted; "
     "for LIBSVM the labels that occur, ascending)"},
    {"output", "FILE[:GROUP]", NULL, GROUP_OUTPUT,
     "HDF5 file to write; with :GROUP, such as data.h5:train, an existing file keeps its other "
     "groups"},
    {"compression", "0..9", "0", GROUP_OUTPUT, "gzip level; 0 disables"},
    {"force", NULL, NULL, GROUP_OUTPUT,
     "replace an existing output file, or data set in the group"},
    {NULL, NULL, NULL, 0, NULL}};

/* --- options --- */

static nnt_status read_delimiter(const options *parsed, char *out, nnt_error *error) {
  const char *text = options_text(parsed, "delimiter");
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

static nnt_status read_header(const options *parsed, nnt_csv_header *out, nnt_error *error) {
  static const char *const words[] = {"auto", "yes", "no", NULL};
  static const nnt_csv_header values[] = {NNT_CSV_HEADER_AUTO, NNT_CSV_HEADER_YES,
                                          NNT_CSV_HEADER_NO};
  int choice = 0;
  if (!options_given(parsed, "header")) return NNT_OK;
  nnt_status status = options_choice(parsed, "header", words, &choice, error);
  if (status == NNT_OK) *out = values[choice];
  return status;
}

/* *names holds the strings of *out and is freed with free(). */
static nnt_status read_output(const options *parsed, char **names, nnt_convert_output *out,
                              nnt_error *error) {
  const char *text = options_text(parsed, "output");
  file_group place = {NULL, NULL};
  int64_t level = 0;
  nnt_status status = options_int(parsed, "compression", 0, 9, &level, error);
  if (status == NNT_OK && text != NULL) status = file_group_split(text, names, &place, error);
  if (status != NNT_OK) return status;
  *out = (nnt_convert_output){.path = place.path,
                              .group = place.group,
                              .force = options_flag(parsed, "force"),
                              .compression = (int)level};
  return NNT_OK;
}

/* The value if it was given, not the default: the library refuses what the format does not take. */
static const char *given_text(const options *parsed, const char *name) {
  return options_given(parsed, name) ? options_text(parsed, name) : NULL;
}

/* All but output and class names. */
static nnt_status read_options(const options *parsed, nnt_convert_options *out, nnt_error *error) {
  int files = options_positional_count(parsed);
  out->input = files > 0 ? options_positional(parsed, 0) : NULL;
  out->labels = files > 1 ? options_positional(parsed, 1) : NULL;
  out->format = options_text(parsed, "format");
  out->label = options_text(parsed, "label");
  out->target = options_text(parsed, "target");
  out->drop = options_text(parsed, "drop");
  out->x_name = given_text(parsed, "x-name");
  out->y_name = given_text(parsed, "y-name");
  out->zero_based = options_flag(parsed, "zero-based");
  nnt_status status = read_delimiter(parsed, &out->delimiter, error);
  if (status == NNT_OK) status = read_header(parsed, &out->header, error);
  if (status == NNT_OK && options_given(parsed, "features"))
    status = options_int(parsed, "features", 1, NNT_MAX_WIDTH, &out->features, error);
  return status;
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
  nnt_convert_options todo = {.input = NULL};
  nnt_convert_result result = {.samples = 0};
  char *output_names = NULL;
  char **class_names = NULL;
  (void)comm;
  nnt_status status = read_options(parsed, &todo, error);
  if (status == NNT_OK) status = read_output(parsed, &output_names, &todo.output, error);
  if (status == NNT_OK)
    status = options_words(parsed, "class-names", MAX_CLASS_NAMES, &class_names,
                           &todo.class_name_count, error);
  todo.class_names = class_names;
  if (status == NNT_OK) status = nnt_convert(&todo, &result, error);
  if (status == NNT_OK) report(options_text(parsed, "output"), &result);
  free(class_names);
  free(output_names);
  return status;
}

const command command_convert = {
    .name = "convert",
    .summary = "makes an HDF5 data set from " NNT_CONVERT_FORMATS(FORMAT_TITLE) "plain or .gz",
    .usage = "FEATURES LABELS | FILE --output FILE[:GROUP] [options]",
    .examples =
        "  nntrain convert train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz \\\n"
        "      --output mnist.h5:train\n"
        "  nntrain convert iris.csv --label species --output iris.h5\n"
        "  nntrain convert houses.csv.gz --target price --drop id,address --output houses.h5\n"
        "  nntrain convert X.npy y.npy --output data.h5\n"
        "  nntrain convert mnist.npz --x-name x_train --y-name y_train --output mnist.h5:train\n"
        "  nntrain convert a9a.t --features 123 --output a9a.h5:test\n",
    .details =
        "Formats, their files, and which options they take:\n" NNT_CONVERT_FORMATS(FORMAT_HELP),
    .options = specs,
    .max_positionals = 2,
    .collective = 0,
    .run = run};
