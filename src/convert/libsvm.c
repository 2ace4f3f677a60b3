/* Converting LIBSVM files to dense data sets: in one pass if the number of features is given, else
 * in two, of which the first finds the largest index. */
#include <inttypes.h>
#include <math.h>
#include <nntrain/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "convert/class_table.h"
#include "convert/formats.h"
#include "convert/libsvm_reader.h"
#include "convert/sample_writer.h"

/* Integers up to this one are exact as double. */
#define LARGEST_LABEL 9007199254740992.0

typedef struct conversion {
  const nnt_convert_options *options;
  bool regression; /* labels are targets, not classes */
  int64_t features;
  nnt_class_table *classes;
  nnt_sample_writer writer;
} conversion;

/* --- the first pass --- */

static nnt_status measure_label(void *context, const char *text, int64_t line, nnt_error *error) {
  (void)context, (void)text, (void)line, (void)error;
  return NNT_OK;
}

static nnt_status measure_value(void *context, int64_t feature, float value, int64_t line,
                                nnt_error *error) {
  conversion *work = context;
  (void)value, (void)line, (void)error;
  if (feature >= work->features) work->features = feature + 1;
  return NNT_OK;
}

static nnt_status measure_end(void *context, nnt_error *error) {
  (void)context, (void)error;
  return NNT_OK;
}

static nnt_status measure(conversion *work, nnt_error *error) {
  static const nnt_libsvm_events events = {measure_label, measure_value, measure_end};
  const char *path = work->options->input;
  struct stat info;
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
    return nnt_fail(error, NNT_BAD_USAGE,
                    "the number of features is not known\n%s is a pipe, which can be read only "
                    "once\ngive --features N, or store the input in a file first",
                    path);
  nnt_status status = nnt_libsvm_read(path, work->options->zero_based, &events, work, error);
  if (status == NNT_OK && work->features == 0)
    status = nnt_fail(error, NNT_BAD_INPUT,
                      "no samples with features\n%.400s has no INDEX:VALUE\ngive a LIBSVM file, or "
                      "--features N for samples that are all 0",
                      path);
  return status;
}

/* --- labels --- */

static nnt_status take_target(const conversion *work, const char *text, int64_t line, float *out,
                              nnt_error *error) {
  char *end = NULL;
  *out = strtof(text, &end);
  if (end != text && *end == '\0' && isfinite(*out)) return NNT_OK;
  return nnt_libsvm_fail(work->options->input, line, text,
                         "the target is not a finite number in float32",
                         "begin the line with a number", error);
}

/* The class of a label: an integer, however it is written (1, +1, 1.0). */
static nnt_status take_class(const conversion *work, const char *text, int64_t line, int32_t *out,
                             nnt_error *error) {
  const char *path = work->options->input;
  char *end = NULL, plain[32];
  double value = strtod(text, &end);
  if (end == text || *end != '\0')
    return nnt_libsvm_fail(
        path, line, text,
        strchr(text, ',') != NULL ? "several labels for one sample" : "the label is not a number",
        "begin each line with one number", error);
  if (!(fabs(value) <= LARGEST_LABEL) || floor(value) != value)
    return nnt_libsvm_fail(path, line, text, "the class label is not an integer",
                           "for a regression add --target label", error);
  (void)snprintf(plain, sizeof plain, "%" PRId64, (int64_t)value);
  switch (nnt_class_table_find(work->classes, plain, out)) {
    case NNT_CLASS_FOUND:
      return NNT_OK;
    case NNT_CLASS_UNKNOWN:
      return nnt_libsvm_fail(path, line, text, "the label is not among the class names",
                             "add it to --class-names", error);
    case NNT_CLASS_TOO_LONG:
    case NNT_CLASS_TOO_MANY:
      return nnt_libsvm_fail(path, line, text, "too many classes, more than 100000",
                             "for a regression add --target label", error);
    case NNT_CLASS_NO_MEMORY:
    default:
      return nnt_fail_memory(error, strlen(plain), "class labels");
  }
}

/* --- samples --- */

static nnt_status on_label(void *context, const char *text, int64_t line, nnt_error *error) {
  conversion *work = context;
  memset(nnt_sample_writer_x(&work->writer), 0, (size_t)work->features * sizeof(float));
  if (work->regression)
    return take_target(work, text, line, nnt_sample_writer_targets(&work->writer), error);
  return take_class(work, text, line, nnt_sample_writer_class(&work->writer), error);
}

static nnt_status on_value(void *context, int64_t feature, float value, int64_t line,
                           nnt_error *error) {
  conversion *work = context;
  if (feature >= work->features) {
    char index[32];
    (void)snprintf(index, sizeof index, "%" PRId64, feature + (work->options->zero_based ? 0 : 1));
    return nnt_libsvm_fail(work->options->input, line, index,
                           "the index is beyond the number of features",
                           "give a larger --features, the same for all files of a task", error);
  }
  nnt_sample_writer_x(&work->writer)[feature] = value;
  return NNT_OK;
}

static nnt_status on_end(void *context, nnt_error *error) {
  conversion *work = context;
  return nnt_sample_writer_next(&work->writer, error);
}

/* --- the whole --- */

/* Classes in ascending order of their labels. */
static nnt_status finish(conversion *work, nnt_convert_result *result, nnt_error *error) {
  nnt_class_order order = {.map = NULL};
  if (!work->regression && nnt_class_table_order_values(work->classes, &order) != NNT_CLASS_FOUND)
    return nnt_fail_memory(error, 1, "class labels");
  return nnt_sample_writer_finish(&work->writer, &order, result, error);
}

static nnt_status check_options(const nnt_convert_options *options, nnt_error *error) {
  if (options->target == NULL) return NNT_OK;
  if (strcmp(options->target, "label") != 0)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "a LIBSVM file has no columns\n--target %s\ngive --target label for a "
                    "regression, whose target is each line's label",
                    options->target);
  if (options->class_names != NULL)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "class names for a regression\n--class-names with --target\nomit one of them");
  return NNT_OK;
}

static nnt_status convert(conversion *work, nnt_convert_result *result, nnt_error *error) {
  static const nnt_libsvm_events events = {on_label, on_value, on_end};
  const nnt_convert_options *options = work->options;
  work->features = options->features;
  nnt_status status = check_options(options, error);
  if (status == NNT_OK)
    status = nnt_class_table_create(options->class_names, options->class_name_count, &work->classes,
                                    error);
  if (status == NNT_OK && work->features == 0) status = measure(work, error);
  if (status == NNT_OK)
    status = nnt_sample_writer_begin(&options->output, work->features, work->regression ? 1 : 0,
                                     &work->writer, error);
  if (status == NNT_OK)
    status = nnt_libsvm_read(options->input, options->zero_based, &events, work, error);
  if (status == NNT_OK && work->writer.samples == 0)
    status =
        nnt_fail(error, NNT_BAD_INPUT,
                 "no samples\n%.400s has no line with a label\ngive a LIBSVM file", options->input);
  return status == NNT_OK ? finish(work, result, error) : status;
}

static nnt_status convert_file(const nnt_convert_options *options, nnt_convert_result *result,
                               nnt_error *error) {
  conversion work = {.options = options, .regression = options->target != NULL};
  nnt_status status = convert(&work, result, error);
  nnt_sample_writer_clear(&work.writer);
  nnt_class_table_destroy(&work.classes);
  return status;
}

const nnt_format nnt_libsvm_format = {.recognise = nnt_libsvm_recognise, .convert = convert_file};
