/* How batch normalisation sees all ranks' rows: the network's calls (layers/network.h), answered by
 * messages (comm/moment_exchange.h). */
#ifndef NNT_STEP_SYNC_BATCH_NORM_H
#define NNT_STEP_SYNC_BATCH_NORM_H

#include "comm/gradient_exchange.h"
#include "comm/heartbeat.h"
#include "layers/network.h"

typedef struct nnt_sync_batch_norm nnt_sync_batch_norm;

/* *out is NULL for a model that has no need of it. Collective. Errors: as
 * nnt_moment_exchange_create.
 */
nnt_status nnt_sync_batch_norm_create(nnt_comm *comm, const nnt_model *model,
                                      const nnt_gradient_exchange *exchange,
                                      nnt_sync_batch_norm **out, nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted, and by all functions below. Collective. */
void nnt_sync_batch_norm_destroy(nnt_sync_batch_norm **sync);
void nnt_sync_batch_norm_watch(nnt_sync_batch_norm *sync, const nnt_heartbeat *heartbeat);

/* For a step over `samples` samples on all ranks; NULL for NULL. */
const nnt_whole_batch *nnt_sync_batch_norm_of(nnt_sync_batch_norm *sync, int64_t samples);
/* What went wrong in the steps so far. Local. */
nnt_status nnt_sync_batch_norm_check(const nnt_sync_batch_norm *sync,
                                     nnt_error *error) NNT_MUST_CHECK;

#endif
