/* Status texts, exit codes and the one place where error records are written. */
#include <nntrain/status.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *nnt_status_text(nnt_status status) {
  switch (status) {
#define NNT_STATUS_CASE(name, value, exit_code, text) \
  case name:                                          \
    return text;
    NNT_STATUS_TABLE(NNT_STATUS_CASE)
#undef NNT_STATUS_CASE
    default:
      return "unknown status";
  }
}

int nnt_status_exit_code(nnt_status status) {
  switch (status) {
#define NNT_STATUS_CASE(name, value, exit_code, text) \
  case name:                                          \
    return exit_code;
    NNT_STATUS_TABLE(NNT_STATUS_CASE)
#undef NNT_STATUS_CASE
    default:
      return 1;
  }
}

/* Bytes of all parts of a record, and of a format string. */
#define TEXT_SIZE \
  (sizeof((nnt_error *)0)->what + sizeof((nnt_error *)0)->where + sizeof((nnt_error *)0)->remedy)
#define FORMAT_SIZE 2048

/* Copies the next newline-terminated part of *text into `out` and skips it. */
static void take_part(const char **text, char *out, size_t size) {
  size_t length = strcspn(*text, "\n");
  size_t kept = length < size ? length : size - 1;
  memcpy(out, *text, kept);
  out[kept] = '\0';
  *text += length + ((*text)[length] == '\n' ? 1 : 0);
}

/* The format with its newlines replaced by `separator`. */
static void separate_by(char separator, const char *format, char pattern[FORMAT_SIZE]) {
  size_t length = 0;
  for (; format[length] != '\0' && length + 1 < FORMAT_SIZE; ++length)
    pattern[length] = format[length] == '\n' ? separator : format[length];
  pattern[length] = '\0';
}

/* Names in a text may contain newlines and other control characters, which become spaces; only the
 * newlines of the format separate the parts. Those are where the two texts differ. */
static void keep_lines(char text[TEXT_SIZE], const char other[TEXT_SIZE]) {
  for (size_t i = 0; text[i] != '\0'; ++i) {
    bool control = (unsigned char)text[i] < ' ' || text[i] == '\x7f';
    if (text[i] != other[i])
      text[i] = '\n';
    else if (control)
      text[i] = ' ';
  }
}

nnt_status nnt_fail(nnt_error *error, nnt_status status, const char *format, ...) {
  if (error == NULL) return status;
  char pattern[FORMAT_SIZE], text[TEXT_SIZE], other[TEXT_SIZE];
  va_list arguments;
  separate_by('\x1e', format, pattern);
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  separate_by('\x1f', format, pattern);
  va_start(arguments, format);
  (void)vsnprintf(other, sizeof other, pattern, arguments);
  va_end(arguments);
  keep_lines(text, other);
  const char *rest = text;
  error->status = status;
  take_part(&rest, error->what, sizeof error->what);
  take_part(&rest, error->where, sizeof error->where);
  take_part(&rest, error->remedy, sizeof error->remedy);
  return status;
}

nnt_status nnt_fail_memory(nnt_error *error, size_t bytes, const char *purpose) {
  return nnt_fail(error, NNT_OUT_OF_MEMORY,
                  "not enough memory\n%s, %zu bytes\n"
                  "use a smaller network or batch, or more memory per node",
                  purpose, bytes);
}
