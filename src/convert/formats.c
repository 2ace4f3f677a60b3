/* The table of input formats: finding a file's format, checking options against it. */
#include "convert/formats.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/c_locale.h"
#include "convert/gz_stream.h"

/* Enough for the comments that a LIBSVM file may begin with. */
#define FIRST_BYTES 16384

typedef struct row {
  nnt_convert_format shown;
  const nnt_format *format;
} row;

#define ROW(name, title, files, options, help) \
  {{#name, title, files, options, help}, &nnt_##name##_format},
static const row rows[] = {NNT_CONVERT_FORMATS(ROW)};
#undef ROW

#define ROW_COUNT ((int)(sizeof rows / sizeof rows[0]))

/* --- the table --- */

const nnt_convert_format *nnt_convert_format_at(int index) {
  return index >= 0 && index < ROW_COUNT ? &rows[index].shown : NULL;
}

bool nnt_convert_format_takes(const nnt_convert_format *format, const char *option) {
  size_t length = strlen(option);
  for (const char *word = format->options; *word != '\0';) {
    size_t end = strcspn(word, " ");
    if (end == length + 2 && strncmp(word + 2, option, length) == 0) return true;
    word += end + strspn(word + end, " ");
  }
  return false;
}

/* "A, B or C" of `count` words, with " or " as `last`. */
static void join(const char *const *words, int count, const char *last, char *out, size_t size) {
  out[0] = '\0';
  for (int i = 0; i < count; ++i) {
    const char *before = i == 0 ? "" : i == count - 1 ? last : ", ";
    size_t used = strlen(out);
    (void)snprintf(out + used, size - used, "%s%s", before, words[i]);
  }
}

/* Titles of the formats that have so many input files. */
static void list_by_files(int files, char *out, size_t size) {
  const char *titles[ROW_COUNT];
  int count = 0;
  for (int i = 0; i < ROW_COUNT; ++i) {
    if (rows[i].shown.files == files) titles[count++] = rows[i].shown.title;
  }
  join(titles, count, " or ", out, size);
}

/* Titles of the formats that take an option. */
static void list_by_option(const char *option, char *out, size_t size) {
  const char *titles[ROW_COUNT];
  int count = 0;
  for (int i = 0; i < ROW_COUNT; ++i) {
    if (nnt_convert_format_takes(&rows[i].shown, option)) titles[count++] = rows[i].shown.title;
  }
  join(titles, count, " and ", out, size);
}

/* --- the format of a file --- */

static nnt_status recognise(const char *path, const row **out, nnt_error *error) {
  struct stat info;
  char bytes[FIRST_BYTES + 1];
  size_t got = 0;
  *out = NULL;
  if (stat(path, &info) != 0 || !S_ISFIFO(info.st_mode)) {
    nnt_gz_stream *stream = NULL;
    nnt_status status = nnt_gz_open(path, &stream, error);
    if (status == NNT_OK) status = nnt_gz_read(stream, bytes, FIRST_BYTES, &got, error);
    nnt_gz_close(&stream);
    if (status != NNT_OK) return status;
  }
  bytes[got] = '\0';
  int i = 0;
  while (i < ROW_COUNT - 1 && !rows[i].format->recognise(bytes, got)) ++i;
  *out = &rows[i];
  return NNT_OK;
}

static nnt_status find_by_name(const char *name, const row **out, nnt_error *error) {
  const char *names[ROW_COUNT];
  char list[256];
  for (int i = 0; i < ROW_COUNT; ++i) {
    *out = &rows[i];
    if (strcmp(name, rows[i].shown.name) == 0) return NNT_OK;
    names[i] = rows[i].shown.name;
  }
  *out = NULL;
  join(names, ROW_COUNT, ", ", list, sizeof list);
  return nnt_fail(error, NNT_BAD_USAGE, "unknown format\n--format %s\nchoose one of: auto, %s",
                  name, list);
}

nnt_status nnt_convert_recognise(const char *path, const nnt_convert_format **out,
                                 nnt_error *error) {
  const row *found = NULL;
  nnt_c_locale locale = nnt_c_locale_begin();
  nnt_status status = recognise(path, &found, error);
  nnt_c_locale_end(&locale);
  *out = status == NNT_OK ? &found->shown : NULL;
  return status;
}

/* --- options against the format --- */

static nnt_status check_options(const nnt_convert_options *options,
                                const nnt_convert_format *format, nnt_error *error) {
  const struct {
    const char *name;
    bool given;
  } all[] = {{"class-names", options->class_names != NULL},
             {"label", options->label != NULL},
             {"target", options->target != NULL},
             {"drop", options->drop != NULL},
             {"delimiter", options->delimiter != 0},
             {"header", options->header != NNT_CSV_HEADER_DEFAULT},
             {"x-name", options->x_name != NULL},
             {"y-name", options->y_name != NULL},
             {"features", options->features != 0},
             {"zero-based", options->zero_based}};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
    if (!all[i].given || nnt_convert_format_takes(format, all[i].name)) continue;
    char titles[128];
    list_by_option(all[i].name, titles, sizeof titles);
    return nnt_fail(error, NNT_BAD_USAGE,
                    "--%s is only for %s files\n%s has the format %s\nomit --%s, or name the "
                    "format of the input with --format",
                    all[i].name, titles, options->input, format->title, all[i].name);
  }
  return NNT_OK;
}

static nnt_status check_files(const nnt_convert_options *options, const nnt_convert_format *format,
                              nnt_error *error) {
  if (format->files == 2 && options->labels == NULL)
    return nnt_fail(
        error, NNT_BAD_USAGE,
        "the file of labels is missing\n%s has the format %s and contains only features\n"
        "write nntrain convert FEATURES LABELS --output FILE",
        options->input, format->title);
  if (format->files == 1 && options->labels != NULL)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "more than one %s file\n%s\nconvert them one at a time, each into a file or "
                    "group of its own",
                    format->title, options->labels);
  if (options->output.path == NULL)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "an option is missing\nnntrain convert\nadd --output FILE[:GROUP]");
  return NNT_OK;
}

static nnt_status find_format(const nnt_convert_options *options, const row **out,
                              nnt_error *error) {
  const char *name = options->format;
  if (options->input == NULL) {
    char single[128], pairs[128];
    list_by_files(1, single, sizeof single);
    list_by_files(2, pairs, sizeof pairs);
    return nnt_fail(error, NNT_BAD_USAGE,
                    "no input file\nnntrain convert\ngive one %s file, or two %s files: features "
                    "and labels",
                    single, pairs);
  }
  return name == NULL || strcmp(name, "auto") == 0 ? recognise(options->input, out, error)
                                                   : find_by_name(name, out, error);
}

/* --- converting --- */

nnt_status nnt_convert(const nnt_convert_options *options, nnt_convert_result *result,
                       nnt_error *error) {
  const row *found = NULL;
  memset(result, 0, sizeof *result);
  nnt_c_locale locale = nnt_c_locale_begin();
  nnt_status status = find_format(options, &found, error);
  if (status == NNT_OK) status = check_options(options, &found->shown, error);
  if (status == NNT_OK) status = check_files(options, &found->shown, error);
  if (status == NNT_OK) status = found->format->convert(options, result, error);
  nnt_c_locale_end(&locale);
  return status;
}
