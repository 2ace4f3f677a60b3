/* Accumulating the per-class scores of a classifier, batch by batch. */
#ifndef NNT_SCORE_SCORE_SHEET_H
#define NNT_SCORE_SCORE_SHEET_H

#include <nntrain/comm.h>
#include <nntrain/scores.h>

#include "data/loader.h"
#include "net/model.h"

typedef struct nnt_score_sheet nnt_score_sheet;

/* For `samples` samples over all ranks. Local. */
nnt_status nnt_score_sheet_create(const nnt_model *model, int64_t samples, nnt_score_sheet **out,
                                  nnt_error *error) NNT_MUST_CHECK;
/* *sheet may be NULL. */
void nnt_score_sheet_destroy(nnt_score_sheet **sheet);

/* Adds `count` samples: their probabilities [count, outputs] and their batch. Each sample is added
 * on one rank, in any order. Local. */
nnt_status nnt_score_sheet_add(nnt_score_sheet *sheet, const nnt_panels *probabilities,
                               const nnt_batch *batch, int64_t count,
                               nnt_error *error) NNT_MUST_CHECK;
/* The scores of all ranks' samples, on every rank. Collective. */
nnt_status nnt_score_sheet_finish(nnt_comm *comm, nnt_score_sheet *sheet, nnt_scores **out,
                                  nnt_error *error) NNT_MUST_CHECK;

#endif
