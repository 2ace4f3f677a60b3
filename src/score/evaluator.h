/* Forward-only passes: validation, eval and predict.
 *
 * Every sample is counted once, and the sums are bitwise the same for any number of ranks and
 * threads: the samples are cut into blocks of fixed size, each summed by one rank in order; an
 * allreduce in which all other addends are zero collects the sums of the blocks, which every rank
 * adds in order. */
#ifndef NNT_SCORE_EVALUATOR_H
#define NNT_SCORE_EVALUATOR_H

#include <nntrain/comm.h>
#include <nntrain/evaluate.h>

#include "input/data_source.h"
#include "layers/network.h"
#include "score/score_sheet.h"

typedef struct nnt_evaluator nnt_evaluator;

/* `model` and `data` are borrowed. top_k 0 disables top-k accuracy. Local. */
nnt_status nnt_evaluator_create(nnt_comm *comm, const nnt_model *model, const nnt_data_source *data,
                                int threads, int top_k, nnt_evaluator **out,
                                nnt_error *error) NNT_MUST_CHECK;
void nnt_evaluator_destroy(nnt_evaluator **evaluator);

/* Makes evaluations interruptible: `wants_stop` is polled on every rank; all stop when any rank
 * wants to. Local. */
void nnt_evaluator_set_stop(nnt_evaluator *evaluator, bool (*wants_stop)(const void *context),
                            const void *context);

/* Makes the next evaluation of a classifier record per-class scores on `sheet`, borrowed. Local. */
void nnt_evaluator_set_sheet(nnt_evaluator *evaluator, nnt_score_sheet *sheet);

/* Metrics over all samples. Collective. Errors: NNT_STOPPED; read errors. */
nnt_status nnt_evaluator_run(nnt_evaluator *evaluator, const float *parameters, nnt_metrics *out,
                             nnt_error *error) NNT_MUST_CHECK;

/* To be called before nnt_evaluator_outputs for samples [first, first + count) on any rank, in
 * order from 0; count is at most nnt_data_source_most. Collective. */
nnt_status nnt_evaluator_bring(nnt_evaluator *evaluator, int64_t first, int64_t count,
                               nnt_error *error) NNT_MUST_CHECK;

/* Outputs (probabilities or values) of samples [first, first + count), count at most
 * NNT_EVALUATION_BLOCK, into out [count, outputs], row-major. Local. */
void nnt_evaluator_outputs(nnt_evaluator *evaluator, const float *parameters, int64_t first,
                           int64_t count, float *out);

#endif
