/* Sending a formatted line to the caller's log. */
#ifndef NNT_BASE_MESSAGE_H
#define NNT_BASE_MESSAGE_H

#include <nntrain/log.h>

/* Drops the line when log is NULL or has no writer. */
__attribute__((format(printf, 3, 4))) void nnt_message(const nnt_log *log, nnt_log_level level,
                                                       const char *format, ...);

#endif
