/* A run directory as a JSON object (jansson):
 *
 *   name, shape, parameters, loss, optimizer, normalization, samples, batch_size, seed,
 *   best_epoch, class_names (or null), config (text, or null), metrics: [lines of metrics.jsonl] */
#ifndef NNT_REPORT_RUN_RECORD_H
#define NNT_REPORT_RUN_RECORD_H

#include <jansson.h>
#include <nntrain/status.h>

/* *out is a new reference. Local. Errors: NNT_BAD_INPUT. */
nnt_status nnt_run_record_read(const char *path, json_t **out, nnt_error *error) NNT_MUST_CHECK;

#endif
