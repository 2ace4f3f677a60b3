/* metrics.jsonl: one JSON object a line, one line an epoch. Local to the calling rank. */
#ifndef NNT_TRAIN_METRICS_LOG_H
#define NNT_TRAIN_METRICS_LOG_H

#include <nntrain/status.h>
#include <nntrain/train.h>

/* Keeps the lines of epochs 1 to `epochs` and drops the others (of an interrupted epoch, or cut
 * off), atomically. No file is fine. */
nnt_status nnt_metrics_log_trim(const char *directory, int64_t epochs,
                                nnt_error *error) NNT_MUST_CHECK;
/* Appends one line and flushes it to disk. */
nnt_status nnt_metrics_log_append(const char *directory, const nnt_epoch_event *event,
                                  nnt_error *error) NNT_MUST_CHECK;

#endif
