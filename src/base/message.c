/* Sending a formatted line to the caller's log. */
#include "base/message.h"

#include <stdarg.h>
#include <stdio.h>

void nnt_message(const nnt_log *log, nnt_log_level level, const char *format, ...) {
  if (log == NULL || log->write == NULL) return;
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  log->write(log->context, level, line);
}
