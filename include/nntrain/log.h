/* Log messages for the caller. The library itself never prints. */
#ifndef NNTRAIN_LOG_H
#define NNTRAIN_LOG_H

typedef enum nnt_log_level { NNT_LOG_INFO = 0, NNT_LOG_WARNING = 1 } nnt_log_level;

/* Receives one complete line without a newline. Called on rank 0 only. With a NULL `write` messages
 * are dropped. */
typedef struct nnt_log {
  void (*write)(void *context, nnt_log_level level, const char *line);
  void *context;
} nnt_log;

#endif
