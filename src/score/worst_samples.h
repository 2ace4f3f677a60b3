/* The worst classified samples: those with the lowest probability of their own class. */
#ifndef NNT_SCORE_WORST_SAMPLES_H
#define NNT_SCORE_WORST_SAMPLES_H

#include <nntrain/scores.h>

#include "input/resident.h"
#include "score/evaluator.h"

/* Stores up to `most` of them in `scores` on rank 0, the worst first; none for losses other than
 * cross-entropy. Rank 0 computes; the others take part in reading. Collective. */
nnt_status nnt_worst_samples_find(nnt_comm *comm, nnt_evaluator *evaluator, const nnt_model *model,
                                  const float *parameters, const nnt_resident *data,
                                  const nnt_data_source *source, int64_t most, nnt_scores *scores,
                                  nnt_error *error) NNT_MUST_CHECK;

#endif
