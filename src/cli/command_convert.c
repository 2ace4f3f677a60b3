/* nntrain convert: IDX, CSV, TSV, NPY, NPZ and LIBSVM files to HDF5 data sets. */
#include <inttypes.h>
#include <nntrain/convert.h>
#include <nntrain/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/file_group.h"

#define MAX_CLASS_NAMES 100000

static const option_spec specs[] = {
    {"format", "auto|idx|csv|npy|npz|libsvm", "auto", GROUP_DATA,
     "what the input is; auto looks at its first bytes"},
    {"label", "COLUMN", NULL, GROUP_DATA,
     "CSV: column of the class, by name or number from 1 (default the last one)"},
    {"target", "COLUMNS", NULL, GROUP_DATA,
     "CSV: column or columns of regression targets, by name or number, instead of --label; "
     "LIBSVM: 'label' for a regression, where labels are classes otherwise"},
    {"drop", "COLUMNS", NULL, GROUP_DATA, "CSV: columns to omit, by name or number"},
    {"delimiter", "CHARACTER", NULL, GROUP_DATA,
     "CSV: comma, tab, semicolon, or one character (default tab when the first line has one and no "
     "comma, else comma)"},
    {"header", "auto|yes|no", "auto", GROUP_DATA,
     "CSV: whether the first line names the columns; auto: when none of its fields is a number"},
    {"x-name", "NAME", "x", GROUP_DATA, "NPZ: array of the features"},
    {"y-name", "NAME", "y", GROUP_DATA, "NPZ: array of the labels or targets"},
    {"features", "N", NULL, GROUP_DATA,
     "LIBSVM: features per sample, the same for all files of a task (default the largest index in "
     "the file, which is then read twice)"},
    {"zero-based", NULL, NULL, GROUP_DATA, "LIBSVM: indices start at 0, not at 1"},
    {"class-names", "A,B,C", NULL, GROUP_DATA,
     "names of the classes in the order of their index (default for CSV the text labels, sorted; "
     "for LIBSVM the labels that occur, ascending)"},
    {"output", "FILE[:GROUP]", NULL, GROUP_OUTPUT,
     "HDF5 file to write; with :GROUP, such as data.h5:train, an existing file keeps its other "
     "groups"},
    {"compression", "0..9", "0", GROUP_OUTPUT, "deflate level; 0 disables"},
    {"force", NULL, NULL, GROUP_OUTPUT,
     "replace an existing output file, or data set in the group"},
    {NULL, NULL, NULL, 0, NULL}};

/* --- options --- */

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

/* --- the format --- */

static const char *const format_words[] = {"auto", "idx", "csv", "npy", "npz", "libsvm", NULL};
/* Of the words after auto. */
static const nnt_convert_format formats[] = {NNT_CONVERT_IDX, NNT_CONVERT_CSV, NNT_CONVERT_NPY,
                                             NNT_CONVERT_NPZ, NNT_CONVERT_LIBSVM};
static const char *const format_names[] = {[NNT_CONVERT_CSV] = "CSV",
                                           [NNT_CONVERT_IDX] = "IDX",
                                           [NNT_CONVERT_NPY] = "NPY",
                                           [NNT_CONVERT_NPZ] = "NPZ",
                                           [NNT_CONVERT_LIBSVM] = "LIBSVM"};

/* Options that only some formats have. */
typedef struct format_option {
  const char *name;
  nnt_convert_format formats[2];
} format_option;

static const format_option format_options[] = {
    {"label", {NNT_CONVERT_CSV, NNT_CONVERT_CSV}},
    {"target", {NNT_CONVERT_CSV, NNT_CONVERT_LIBSVM}},
    {"drop", {NNT_CONVERT_CSV, NNT_CONVERT_CSV}},
    {"delimiter", {NNT_CONVERT_CSV, NNT_CONVERT_CSV}},
    {"header", {NNT_CONVERT_CSV, NNT_CONVERT_CSV}},
    {"x-name", {NNT_CONVERT_NPZ, NNT_CONVERT_NPZ}},
    {"y-name", {NNT_CONVERT_NPZ, NNT_CONVERT_NPZ}},
    {"features", {NNT_CONVERT_LIBSVM, NNT_CONVERT_LIBSVM}},
    {"zero-based", {NNT_CONVERT_LIBSVM, NNT_CONVERT_LIBSVM}}};

static nnt_status check_options(const options *parsed, nnt_convert_format format,
                                nnt_error *error) {
  for (size_t i = 0; i < sizeof format_options / sizeof format_options[0]; ++i) {
    const format_option *option = &format_options[i];
    const nnt_convert_format *of = option->formats;
    if (!options_given(parsed, option->name) || of[0] == format || of[1] == format) continue;
    return nnt_fail(error, NNT_BAD_USAGE,
                    "an option for %s%s%s with %s files\n--%s with %s\nomit --%s, or say with "
                    "--format what the input is",
                    format_names[of[0]], of[0] != of[1] ? " and " : "",
                    of[0] != of[1] ? format_names[of[1]] : "", format_names[format], option->name,
                    options_positional(parsed, 0), option->name);
  }
  return NNT_OK;
}

/* IDX and NPY files come in pairs, the others alone. */
static nnt_status check_count(const options *parsed, nnt_convert_format format, nnt_error *error) {
  bool pair = format == NNT_CONVERT_IDX || format == NNT_CONVERT_NPY;
  int count = options_positional_count(parsed);
  if (pair && count != 2)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "missing file of labels\n%s is an %s file of features\nwrite "
                    "nntrain convert FEATURES LABELS --output FILE",
                    options_positional(parsed, 0), format_names[format]);
  if (!pair && count != 1)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "more than one %s file\n%s\nconvert them one by one, each into its own file "
                    "or group",
                    format_names[format], options_positional(parsed, 1));
  return NNT_OK;
}

static nnt_status find_format(const options *parsed, nnt_convert_format *out, nnt_error *error) {
  int word = 0;
  *out = NNT_CONVERT_CSV;
  if (options_positional_count(parsed) == 0)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "no input file\nnntrain convert\ngive one CSV, NPZ or LIBSVM file, or two IDX "
                    "or NPY files: features and labels");
  nnt_status status = options_choice(parsed, "format", format_words, &word, error);
  if (status != NNT_OK) return status;
  if (word == 0)
    status = nnt_convert_find_format(options_positional(parsed, 0), out, error);
  else
    *out = formats[word - 1];
  if (status == NNT_OK) status = check_options(parsed, *out, error);
  return status == NNT_OK ? check_count(parsed, *out, error) : status;
}

/* --- each format; `shared` has class names and output --- */

static nnt_status convert_csv(const options *parsed, const nnt_convert_pair_options *shared,
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
  nnt_status status = options_choice(parsed, "header", words, &header, error);
  todo.header = header == 1   ? NNT_CSV_HEADER_YES
                : header == 2 ? NNT_CSV_HEADER_NO
                              : NNT_CSV_HEADER_AUTO;
  if (status == NNT_OK) status = read_delimiter(parsed, &todo.delimiter, error);
  return status == NNT_OK ? nnt_convert_csv(&todo, result, error) : status;
}

static nnt_status convert_npz(const options *parsed, const nnt_convert_pair_options *shared,
                              nnt_convert_result *result, nnt_error *error) {
  nnt_convert_npz_options todo = {.path = options_positional(parsed, 0),
                                  .x_name = options_text(parsed, "x-name"),
                                  .y_name = options_text(parsed, "y-name"),
                                  .class_names = shared->class_names,
                                  .class_name_count = shared->class_name_count,
                                  .output = shared->output};
  return nnt_convert_npz(&todo, result, error);
}

static nnt_status convert_libsvm(const options *parsed, const nnt_convert_pair_options *shared,
                                 nnt_convert_result *result, nnt_error *error) {
  const char *target = options_text(parsed, "target");
  nnt_convert_libsvm_options todo = {.path = options_positional(parsed, 0),
                                     .zero_based = options_flag(parsed, "zero-based"),
                                     .values = target != NULL,
                                     .class_names = shared->class_names,
                                     .class_name_count = shared->class_name_count,
                                     .output = shared->output};
  if (target != NULL && strcmp(target, "label") != 0)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "a LIBSVM file has no columns\n--target %s\ngive --target label for a "
                    "regression, whose target is each line's label",
                    target);
  nnt_status status = NNT_OK;
  if (options_given(parsed, "features"))
    status = options_int(parsed, "features", 1, NNT_MAX_WIDTH, &todo.features, error);
  return status == NNT_OK ? nnt_convert_libsvm(&todo, result, error) : status;
}

static nnt_status convert(const options *parsed, nnt_convert_format format,
                          nnt_convert_pair_options *shared, nnt_convert_result *result,
                          nnt_error *error) {
  shared->features = options_positional(parsed, 0);
  shared->labels = options_positional_count(parsed) > 1 ? options_positional(parsed, 1) : NULL;
  switch (format) {
    case NNT_CONVERT_IDX:
      return nnt_convert_idx(shared, result, error);
    case NNT_CONVERT_NPY:
      return nnt_convert_npy(shared, result, error);
    case NNT_CONVERT_NPZ:
      return convert_npz(parsed, shared, result, error);
    case NNT_CONVERT_LIBSVM:
      return convert_libsvm(parsed, shared, result, error);
    case NNT_CONVERT_CSV:
    default:
      return convert_csv(parsed, shared, result, error);
  }
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
  nnt_convert_pair_options todo = {.features = NULL};
  nnt_convert_result result = {.samples = 0};
  char *output_names = NULL;
  char **class_names = NULL;
  nnt_convert_format format = NNT_CONVERT_CSV;
  (void)comm;
  nnt_status status = find_format(parsed, &format, error);
  if (status == NNT_OK) status = read_output(parsed, &output_names, &todo.output, error);
  if (status == NNT_OK)
    status = options_words(parsed, "class-names", MAX_CLASS_NAMES, &class_names,
                           &todo.class_name_count, error);
  todo.class_names = class_names;
  if (status == NNT_OK) status = convert(parsed, format, &todo, &result, error);
  if (status == NNT_OK) report(options_text(parsed, "output"), &result);
  free(class_names);
  free(output_names);
  return status;
}

const command command_convert = {
    .name = "convert",
    .summary = "makes an HDF5 data set from IDX, CSV, NPY, NPZ or LIBSVM files, plain or .gz",
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
        "IDX and NPY are two files, features and labels; CSV, NPZ and LIBSVM are one. In NPY "
        "and NPZ, integers are classes from 0, floats are regression targets.\n",
    .options = specs,
    .max_positionals = 2,
    .collective = 0,
    .run = run};
