/* Reading delimited text with libcsv, one line at a time, as libcsv does not count lines. */
#include "convert/csv_reader.h"

#include <csv.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "convert/gz_stream.h"

#define BLOCK_BYTES ((size_t)256 << 10)
/* A longer field is most likely an unclosed quote. */
#define LONGEST_FIELD ((size_t)1 << 20)

typedef struct reader {
  const nnt_csv_events *events;
  void *context;
  nnt_gz_stream *stream;
  struct csv_parser parser;
  bool parser_ready;
  bool after_return; /* the last byte was a carriage return */
  int64_t line;      /* being parsed */
  int64_t open_line; /* where the current field began */
  int64_t column;
  nnt_status status;
  nnt_error *error;
} reader;

/* --- libcsv's callbacks --- */

static void take_field(void *text, size_t length, void *context) {
  reader *r = context;
  (void)length;
  if (r->status == NNT_OK)
    r->status = r->events->field(r->context, text, r->line, r->column, r->error);
  ++r->column;
  r->open_line = r->line;
}

static void take_row(int terminator, void *context) {
  reader *r = context;
  (void)terminator;
  if (r->status == NNT_OK) r->status = r->events->row(r->context, r->line, r->column, r->error);
  r->column = 0;
}

/* --- errors --- */

static nnt_status fail_at(const reader *r, int64_t line, const char *what, const char *remedy) {
  return nnt_fail(r->error, NNT_BAD_INPUT, "%s\n%.400s, line %" PRId64 ", column %" PRId64 "\n%s",
                  what, nnt_gz_path(r->stream), line, r->column + 1, remedy);
}

static nnt_status fail_quote(const reader *r) {
  return fail_at(r, r->open_line, "unclosed or misplaced quote",
                 "close it; double a quote inside a quoted field");
}

static nnt_status fail_parser(reader *r) {
  if (csv_error(&r->parser) == CSV_EPARSE) return fail_quote(r);
  return nnt_fail_memory(r->error, LONGEST_FIELD, "a field of a CSV file");
}

/* --- lines --- */

/* Bytes up to and including the first line end, or all. */
static size_t line_length(const char *bytes, size_t size) {
  const char *feed = memchr(bytes, '\n', size);
  size_t length = feed != NULL ? (size_t)(feed - bytes) + 1 : size;
  const char *carriage_return = memchr(bytes, '\r', length);
  return carriage_return != NULL ? (size_t)(carriage_return - bytes) + 1 : length;
}

static nnt_status parse_line(reader *r, const char *bytes, size_t length) {
  if (!r->parser.quoted) r->open_line = r->line;
  const char *zero = memchr(bytes, '\0', length);
  size_t text = zero != NULL ? (size_t)(zero - bytes) : length;
  if (csv_parse(&r->parser, bytes, text, take_field, take_row, r) != text)
    return r->status != NNT_OK ? r->status : fail_parser(r);
  if (r->status != NNT_OK) return r->status;
  if (zero != NULL)
    return fail_at(r, r->line, "not a text file: it contains a zero byte",
                   "save it as CSV in UTF-8");
  if (r->parser.entry_pos > LONGEST_FIELD) return fail_quote(r);
  char last = bytes[length - 1];
  if (last == '\r' || (last == '\n' && !r->after_return)) ++r->line;
  r->after_return = last == '\r';
  return NNT_OK;
}

static nnt_status parse_block(reader *r, const char *bytes, size_t size) {
  nnt_status status = NNT_OK;
  while (size > 0 && status == NNT_OK) {
    size_t length = line_length(bytes, size);
    status = parse_line(r, bytes, length);
    bytes += length;
    size -= length;
  }
  return status;
}

/* --- the file --- */

static char find_delimiter(const char *bytes, size_t size) {
  size_t length = line_length(bytes, size);
  bool tab = memchr(bytes, '\t', length) != NULL;
  return tab && memchr(bytes, ',', length) == NULL ? '\t' : ',';
}

static nnt_status start_parser(reader *r, char delimiter) {
  if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
    return nnt_fail_memory(r->error, sizeof r->parser, "a CSV file");
  r->parser_ready = true;
  csv_set_delim(&r->parser, (unsigned char)delimiter);
  csv_set_blk_size(&r->parser, 4096);
  return NNT_OK;
}

static nnt_status parse_file(reader *r, char delimiter, char *block) {
  static const char mark[] = "\xEF\xBB\xBF";
  size_t got = 0;
  nnt_status status = nnt_gz_read(r->stream, block, BLOCK_BYTES, &got, r->error);
  if (status != NNT_OK) return status;
  size_t skip = got >= 3 && memcmp(block, mark, 3) == 0 ? 3 : 0;
  if (delimiter == 0) delimiter = find_delimiter(block + skip, got - skip);
  status = start_parser(r, delimiter);
  while (status == NNT_OK && got > 0) {
    status = parse_block(r, block + skip, got - skip);
    skip = 0;
    if (status == NNT_OK) status = nnt_gz_read(r->stream, block, BLOCK_BYTES, &got, r->error);
  }
  if (status != NNT_OK) return status;
  if (csv_fini(&r->parser, take_field, take_row, r) != 0) return fail_parser(r);
  return r->status;
}

nnt_status nnt_csv_read(const char *path, char delimiter, const nnt_csv_events *events,
                        void *context, nnt_error *error) {
  reader r = {.events = events, .context = context, .line = 1, .open_line = 1, .error = error};
  void *block = NULL;
  if (delimiter != 0 && strchr("\"\r\n", delimiter) != NULL)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "this character cannot separate fields\n--delimiter, code %d\ngive a comma, "
                    "tab, semicolon or another character",
                    delimiter);
  nnt_status status = nnt_gz_open(path, &r.stream, error);
  if (status == NNT_OK)
    status = nnt_memory_allocate(BLOCK_BYTES, "reading a CSV file", &block, error);
  if (status == NNT_OK) status = parse_file(&r, delimiter, block);
  if (r.parser_ready) csv_free(&r.parser);
  nnt_memory_free(&block);
  nnt_gz_close(&r.stream);
  return status;
}
