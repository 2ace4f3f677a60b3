/* Metrics and scores as a JSON object, of the library jansson; numbers that are not finite are
 * null. */
#ifndef NNT_REPORT_SCORES_RECORD_H
#define NNT_REPORT_SCORES_RECORD_H

#include <jansson.h>
#include <nntrain/evaluate.h>

/* A new reference, NULL without memory. `scores` may be NULL. */
json_t *nnt_scores_record(const nnt_metrics *metrics, const nnt_scores *scores);

#endif
