/* How batch normalisation sees all ranks' rows: the network's calls (net/network.h), answered by
 * messages (comm/batch_nodes.h). */
#ifndef NNT_TRAIN_WHOLE_BATCH_H
#define NNT_TRAIN_WHOLE_BATCH_H

#include "comm/gradient_exchange.h"
#include "net/network.h"
#include "train/pulse.h"

typedef struct nnt_whole_view nnt_whole_view;

/* *out is NULL for a model that has no need of it. Collective. Errors: as nnt_batch_nodes_create.
 */
nnt_status nnt_whole_view_create(nnt_comm *comm, const nnt_model *model,
                                 const nnt_gradient_exchange *exchange, nnt_whole_view **out,
                                 nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted, and by all functions below. Collective. */
void nnt_whole_view_destroy(nnt_whole_view **view);
void nnt_whole_view_watch(nnt_whole_view *view, const nnt_pulse *pulse);

/* For a step over `samples` samples on all ranks; NULL for NULL. */
const nnt_whole_batch *nnt_whole_view_of(nnt_whole_view *view, int64_t samples);
/* What went wrong in the steps so far. Local. */
nnt_status nnt_whole_view_check(const nnt_whole_view *view, nnt_error *error) NNT_MUST_CHECK;

#endif
