/* The one forward-only pass: validation, eval and predict.
 *
 * Every sample is counted once, and the sums do not depend on the number of ranks or threads: the
 * samples are cut into blocks of fixed size, each summed by one rank in order; the blocks' sums
 * meet in an allreduce in which all other addends are zero, and are added in order by all. */
#ifndef NNT_SCORE_EVALUATOR_H
#define NNT_SCORE_EVALUATOR_H

#include <nntrain/comm.h>
#include <nntrain/evaluate.h>

#include "input/data_source.h"
#include "layers/network.h"
#include "score/score_sheet.h"

typedef struct nnt_evaluator nnt_evaluator;

/* `model` and what the samples come from are borrowed. top_k 0: none. Local. */
nnt_status nnt_evaluator_create(nnt_comm *comm, const nnt_model *model, const nnt_data_source *data,
                                int threads, int top_k, nnt_evaluator **out,
                                nnt_error *error) NNT_MUST_CHECK;
void nnt_evaluator_destroy(nnt_evaluator **evaluator);

/* Lets an evaluation be stopped: `wants_stop` is asked now and then, on every rank, and what one
 * rank wants all do. Local. */
void nnt_evaluator_set_stop(nnt_evaluator *evaluator, bool (*wants_stop)(const void *context),
                            const void *context);

/* Lets a classification be scored class by class, on `sheet`, borrowed, during the next evaluation.
 * Local. */
void nnt_evaluator_set_sheet(nnt_evaluator *evaluator, nnt_score_sheet *sheet);

/* Metrics over all samples. Collective. Errors: NNT_STOPPED; what reading fails with. */
nnt_status nnt_evaluator_run(nnt_evaluator *evaluator, const float *parameters, nnt_metrics *out,
                             nnt_error *error) NNT_MUST_CHECK;

/* Before nnt_evaluator_outputs is asked for samples [first, first + count), on any rank, in order
 * from 0; count is at most nnt_data_source_most. Collective. */
nnt_status nnt_evaluator_bring(nnt_evaluator *evaluator, int64_t first, int64_t count,
                               nnt_error *error) NNT_MUST_CHECK;

/* Outputs (probabilities or values) of samples [first, first + count), count at most
 * NNT_EVALUATION_BLOCK, into out [count, outputs], row-major. Local. */
void nnt_evaluator_outputs(nnt_evaluator *evaluator, const float *parameters, int64_t first,
                           int64_t count, float *out);

#endif
