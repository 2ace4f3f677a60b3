/* The text format of LIBSVM and SVM-light: https://www.csie.ntu.edu.tw/~cjlin/libsvm/
 *
 * One sample per line: its label, then INDEX:VALUE of the non-zero features, with ascending
 * indices. # begins a comment. */
#include "convert/libsvm_reader.h"

#include <inttypes.h>
#include <math.h>
#include <nntrain/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "convert/gz_stream.h"

#define BLOCK_BYTES ((size_t)256 << 10)
#define LONGEST_WORD 255

typedef struct reader {
  const char *path;
  int64_t first_index; /* 0 or 1 */
  const nnt_libsvm_events *events;
  void *context;
  nnt_gz_stream *stream;
  unsigned char *block;
  size_t at, size;
  int64_t line;
  char word[LONGEST_WORD + 1]; /* "" at the end of the line */
  bool ended;                  /* at the end of the file */
  nnt_error *error;
} reader;

nnt_status nnt_libsvm_fail(const char *path, int64_t line, const char *word, const char *what,
                           const char *remedy, nnt_error *error) {
  char shown[41];
  (void)snprintf(shown, sizeof shown, "%.40s", word);
  for (char *c = shown; *c != '\0'; ++c) {
    if ((unsigned char)*c < ' ') *c = ' ';
  }
  return nnt_fail(error, NNT_BAD_INPUT, "%s\n%.400s, line %" PRId64 ": '%s'\n%s", what, path, line,
                  shown, remedy);
}

static nnt_status fail_word(const reader *r, const char *what, const char *remedy) {
  return nnt_libsvm_fail(r->path, r->line, r->word, what, remedy, r->error);
}

/* --- words --- */

static bool is_space(int byte) {
  return byte == ' ' || byte == '\t' || byte == '\r';
}

/* The next byte, -1 at the end of the file; ++at consumes it. */
static nnt_status peek(reader *r, int *byte) {
  if (r->at == r->size) {
    nnt_status status = nnt_gz_read(r->stream, r->block, BLOCK_BYTES, &r->size, r->error);
    r->at = 0;
    if (status != NNT_OK) return status;
  }
  *byte = r->at < r->size ? r->block[r->at] : -1;
  return NNT_OK;
}

/* Skips spaces and a comment; *byte is the one after them. */
static nnt_status skip(reader *r, int *byte) {
  bool comment = false;
  nnt_status status = peek(r, byte);
  while (status == NNT_OK && *byte >= 0 && *byte != '\n') {
    comment = comment || *byte == '#';
    if (!comment && !is_space(*byte)) break;
    ++r->at;
    status = peek(r, byte);
  }
  return status;
}

/* The next word of the line into r->word. */
static nnt_status next_word(reader *r) {
  int byte = -1;
  size_t length = 0;
  r->word[0] = '\0';
  nnt_status status = skip(r, &byte);
  while (status == NNT_OK && byte >= 0 && byte != '\n' && byte != '#' && !is_space(byte)) {
    if (byte == 0)
      return fail_word(r, "not a text file: it contains a zero byte",
                       "give a LIBSVM file, or name its format with --format");
    if (length == LONGEST_WORD)
      return fail_word(r, "the word is longer than 255 bytes",
                       "give a LIBSVM file, or name its format with --format");
    r->word[length++] = (char)byte;
    r->word[length] = '\0';
    ++r->at;
    status = peek(r, &byte);
  }
  return status;
}

/* Skips the line end at which next_word has stopped. */
static nnt_status end_line(reader *r) {
  int byte = -1;
  nnt_status status = peek(r, &byte);
  r->ended = byte < 0;
  ++r->line;
  if (status == NNT_OK && !r->ended) ++r->at;
  return status;
}

/* --- samples --- */

/* Parses the digits at the beginning of `text`; returns what follows them, NULL if there are none.
 */
static const char *take_index(const char *text, int64_t *out) {
  size_t digits = strspn(text, "0123456789");
  *out = 0;
  for (size_t i = 0; i < digits && *out <= 2 * NNT_MAX_WIDTH; ++i) *out = 10 * *out + text[i] - '0';
  return digits > 0 ? text + digits : NULL;
}

/* r->word is INDEX:VALUE; *last is the previous index. */
static nnt_status take_value(reader *r, int64_t *last) {
  int64_t index = 0;
  char *end = NULL;
  if (strncmp(r->word, "qid:", 4) == 0)
    return fail_word(r, "file for ranking",
                     "nntrain has no ranking losses; remove qid:... to train on the labels alone");
  const char *colon = take_index(r->word, &index);
  if (colon == NULL || *colon != ':')
    return fail_word(r, "not of the form INDEX:VALUE",
                     "correct the line, or name the format of the file with --format");
  if (index < r->first_index)
    return fail_word(r, "index below 1", "add --zero-based if the indices of the file begin at 0");
  if (index - r->first_index >= NNT_MAX_WIDTH)
    return fail_word(r, "too many features per sample",
                     "renumber the features, from 1 to at most 16777216");
  if (index <= *last)
    return fail_word(r, "the index is not above the previous one",
                     "sort the indices of each line, without duplicates");
  *last = index;
  float value = strtof(colon + 1, &end);
  if (end == colon + 1 || *end != '\0') return fail_word(r, "not a number", "correct the line");
  if (!isfinite(value))
    return fail_word(r, "the number is not finite in float32", "remove or replace such values");
  return r->events->value(r->context, index - r->first_index, value, r->line, r->error);
}

static nnt_status take_line(reader *r) {
  int64_t last = -1;
  nnt_status status = next_word(r);
  if (status != NNT_OK || r->word[0] == '\0') return status;
  if (strchr(r->word, ':') != NULL)
    return fail_word(r, "sample without a label", "begin each line with its label");
  status = r->events->label(r->context, r->word, r->line, r->error);
  if (status == NNT_OK) status = next_word(r);
  while (status == NNT_OK && r->word[0] != '\0') {
    status = take_value(r, &last);
    if (status == NNT_OK) status = next_word(r);
  }
  return status == NNT_OK ? r->events->end(r->context, r->error) : status;
}

nnt_status nnt_libsvm_read(const char *path, bool zero_based, const nnt_libsvm_events *events,
                           void *context, nnt_error *error) {
  reader r = {.path = path,
              .first_index = zero_based ? 0 : 1,
              .events = events,
              .context = context,
              .line = 1,
              .error = error};
  void *block = NULL;
  nnt_status status = nnt_gz_open(path, &r.stream, error);
  if (status == NNT_OK)
    status = nnt_memory_allocate(BLOCK_BYTES, "reading a LIBSVM file", &block, error);
  r.block = block;
  while (status == NNT_OK && !r.ended) {
    status = take_line(&r);
    if (status == NNT_OK) status = end_line(&r);
  }
  nnt_memory_free(&block);
  nnt_gz_close(&r.stream);
  return status;
}

/* --- recognition --- */

static bool is_label(const char *word, size_t length) {
  char copy[64], *end = NULL;
  if (length == 0 || length >= sizeof copy) return false;
  memcpy(copy, word, length);
  copy[length] = '\0';
  (void)strtod(copy, &end);
  return *end == '\0';
}

bool nnt_libsvm_recognise(const char *bytes, size_t size) {
  const char *text = bytes;
  int64_t index = 0;
  (void)size;
  while (*text != '\0') {
    text += strspn(text, " \t\r\n");
    size_t length = strcspn(text, " \t\r\n#");
    if (length > 0) {
      if (!is_label(text, length)) return false;
      text += length + strspn(text + length, " \t\r");
      if (*text == '\0') return false;
      if (*text != '\n' && *text != '#') {
        if (strncmp(text, "qid:", 4) == 0) return true;
        const char *colon = take_index(text, &index);
        return colon != NULL && *colon == ':';
      }
    }
    if (*text == '#') text += strcspn(text, "\n");
  }
  return false;
}
