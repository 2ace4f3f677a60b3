/* metrics.jsonl: one JSON object per line, one line per epoch. Local to the calling rank. */
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

/* Restores the file to its state after `epochs` epochs of `steps` steps each: one line per epoch,
 * in order, atomically. Lines of an interrupted epoch and truncated lines are dropped; missing ones
 * are written from the history [epochs] of the checkpoint, with the fields that it contains. */
nnt_status nnt_metrics_log_open(const char *directory, const nnt_history_entry *history,
                                int64_t epochs, int64_t steps, nnt_metrics_log *out,
                                nnt_error *error) NNT_MUST_CHECK;
/* *log may be all zero. */
void nnt_metrics_log_close(nnt_metrics_log *log);
/* Appends one line after the pending ones and flushes to disk. On failure they stay pending. */
nnt_status nnt_metrics_log_append(nnt_metrics_log *log, const nnt_epoch_event *event,
                                  nnt_error *error) NNT_MUST_CHECK;
/* Retries writing the pending lines. */
nnt_status nnt_metrics_log_flush(nnt_metrics_log *log, nnt_error *error) NNT_MUST_CHECK;

#endif
