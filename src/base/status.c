/* Status texts, exit codes and the one place where error records are written. */
#include <nntrain/status.h>
#include <stdarg.h>
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

/* Copies the next newline-terminated part of *text into `out` and steps over it. */
static void take_part(const char **text, char *out, size_t size) {
  size_t length = strcspn(*text, "\n");
  size_t kept = length < size ? length : size - 1;
  memcpy(out, *text, kept);
  out[kept] = '\0';
  *text += length + ((*text)[length] == '\n' ? 1 : 0);
}

nnt_status nnt_fail(nnt_error *error, nnt_status status, const char *format, ...) {
  if (error == NULL) return status;
  char text[sizeof error->what + sizeof error->where + sizeof error->remedy];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
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
