/* metrics.jsonl: one JSON object a line, one line an epoch. Local to the calling rank. */
#ifndef NNT_RECORD_METRICS_LOG_H
#define NNT_RECORD_METRICS_LOG_H

#include <nntrain/status.h>
#include <nntrain/train.h>

#include "io/checkpoint.h"

#define NNT_METRICS_PATH 4096

typedef struct nnt_metrics_log {
  char path[NNT_METRICS_PATH];
  char *waiting; /* lines that could not be written yet; NULL: none */
} nnt_metrics_log;

/* Makes the file what it should be after `epochs` epochs of `steps` steps each: one line an epoch,
 * in order, atomically. Lines of an interrupted epoch, or cut off, are dropped; one that is missing
 * is written from the history [epochs] of the checkpoint, as far as that knows. */
nnt_status nnt_metrics_log_open(const char *directory, const nnt_history_entry *history,
                                int64_t epochs, int64_t steps, nnt_metrics_log *out,
                                nnt_error *error) NNT_MUST_CHECK;
/* One that is all zero is accepted. */
void nnt_metrics_log_close(nnt_metrics_log *log);
/* Appends one line, and those that wait, and flushes them to disk. What fails waits. */
nnt_status nnt_metrics_log_append(nnt_metrics_log *log, const nnt_epoch_event *event,
                                  nnt_error *error) NNT_MUST_CHECK;
/* Tries again to write what waits. */
nnt_status nnt_metrics_log_flush(nnt_metrics_log *log, nnt_error *error) NNT_MUST_CHECK;

#endif
