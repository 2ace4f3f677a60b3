/* A parser for the Python literals in NPY headers. */
#include "io/npy_header.h"

#include <string.h>

typedef struct cursor {
  const char *at, *end;
} cursor;

static void skip_spaces(cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\n')) ++c->at;
}

static bool take(cursor *c, const char *word) {
  skip_spaces(c);
  size_t length = strlen(word);
  if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) return false;
  c->at += length;
  return true;
}

/* 'text' or "text", without escapes. */
static bool take_string(cursor *c, char *out, size_t size) {
  skip_spaces(c);
  if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
  const char *first = c->at + 1;
  const char *last = memchr(first, *c->at, (size_t)(c->end - first));
  if (last == NULL || (size_t)(last - first) >= size) return false;
  size_t length = (size_t)(last - first);
  if (memchr(first, '\\', length) != NULL || memchr(first, '\0', length) != NULL) return false;
  memcpy(out, first, length);
  out[length] = '\0';
  c->at = last + 1;
  return true;
}

static bool take_size(cursor *c, int64_t *out) {
  skip_spaces(c);
  const char *first = c->at;
  *out = 0;
  for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; ++c->at) {
    int digit = *c->at - '0';
    *out = *out > (INT64_MAX - digit) / 10 ? INT64_MAX : 10 * *out + digit;
  }
  bool found = c->at > first;
  /* Python 2 writes long integers with an L. */
  if (found && c->at < c->end && *c->at == 'L') ++c->at;
  return found;
}

/* (), (3,), (3, 4), (3, 4,) */
static bool take_shape(cursor *c, nnt_npy_header *out) {
  if (!take(c, "(")) return false;
  bool comma = true;
  for (out->rank = 0; !take(c, ")"); ++out->rank) {
    int64_t size = 0;
    if (!comma || !take_size(c, &size)) return false;
    if (out->rank < NNT_H5_MAX_RANK) out->dims[out->rank] = size;
    comma = take(c, ",");
  }
  /* (3) is a number in Python, not a tuple. */
  return out->rank != 1 || comma;
}

static bool take_flag(cursor *c, bool *out) {
  *out = take(c, "True");
  return *out || take(c, "False");
}

bool nnt_npy_header_parse(const char *text, size_t size, nnt_npy_header *out) {
  cursor c = {text, text + size};
  bool has_type = false, has_order = false, has_shape = false, comma = true;
  memset(out, 0, sizeof *out);
  if (!take(&c, "{")) return false;
  while (!take(&c, "}")) {
    char key[16];
    if (!comma || !take_string(&c, key, sizeof key) || !take(&c, ":")) return false;
    if (strcmp(key, "descr") == 0 && !has_type) {
      has_type = true;
      if (take(&c, "[")) return true;
      if (!take_string(&c, out->descr, sizeof out->descr) || out->descr[0] == '\0') return false;
    } else if (strcmp(key, "fortran_order") == 0 && !has_order) {
      has_order = true;
      if (!take_flag(&c, &out->fortran_order)) return false;
    } else if (strcmp(key, "shape") == 0 && !has_shape) {
      has_shape = true;
      if (!take_shape(&c, out)) return false;
    } else {
      return false;
    }
    comma = take(&c, ",");
  }
  skip_spaces(&c);
  return c.at == c.end && has_type && has_order && has_shape;
}
