/* Metrics and scores as a JSON object (jansson); non-finite numbers are null. */
#ifndef NNT_REPORT_SCORES_RECORD_H
#define NNT_REPORT_SCORES_RECORD_H

#include <jansson.h>
#include <nntrain/evaluate.h>

/* A new reference; NULL when out of memory. `scores` may be NULL. */
json_t *nnt_scores_record(const nnt_metrics *metrics, const nnt_scores *scores);

#endif
