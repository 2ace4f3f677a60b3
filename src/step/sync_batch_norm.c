/* How batch normalisation sees all ranks' rows. */
#include "step/sync_batch_norm.h"

#include <stdlib.h>

#include "comm/moment_exchange.h"

struct nnt_sync_batch_norm {
  nnt_moment_exchange *nodes;
  nnt_whole_batch whole;
  const nnt_heartbeat *heartbeat; /* NULL: nobody watches */
};

static const float *gather(void *context, int64_t count) {
  nnt_sync_batch_norm *sync = context;
  nnt_heartbeat_phase(sync->heartbeat, NNT_PHASE_EXCHANGE);
  const float *all = nnt_moment_exchange_gather(sync->nodes, count);
  nnt_heartbeat_phase(sync->heartbeat, NNT_PHASE_COMPUTING);
  return all;
}

nnt_status nnt_sync_batch_norm_create(nnt_comm *comm, const nnt_model *model,
                                      const nnt_gradient_exchange *exchange,
                                      nnt_sync_batch_norm **out, nnt_error *error) {
  int64_t floats = nnt_network_gathered_floats(model);
  nnt_exchange_share share = nnt_gradient_exchange_share(exchange);
  *out = NULL;
  if (floats == 0) return NNT_OK;
  nnt_sync_batch_norm *sync = calloc(1, sizeof *sync);
  nnt_status status =
      sync != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *sync, "batch normalisation");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_moment_exchange_create(comm, exchange, floats, &sync->nodes, error);
  if (status != NNT_OK || sync == NULL) {
    free(sync);
    return status;
  }
  sync->whole = (nnt_whole_batch){.first = share.first == 0 && share.count > 0,
                                  .plan = nnt_moment_exchange_plan(sync->nodes),
                                  .own = nnt_moment_exchange_own(sync->nodes),
                                  .gather = gather,
                                  .context = sync};
  *out = sync;
  return NNT_OK;
}

void nnt_sync_batch_norm_destroy(nnt_sync_batch_norm **sync) {
  if (*sync == NULL) return;
  nnt_moment_exchange_destroy(&(*sync)->nodes);
  free(*sync);
  *sync = NULL;
}

void nnt_sync_batch_norm_watch(nnt_sync_batch_norm *sync, const nnt_heartbeat *heartbeat) {
  if (sync != NULL) sync->heartbeat = heartbeat;
}

const nnt_whole_batch *nnt_sync_batch_norm_of(nnt_sync_batch_norm *sync, int64_t samples) {
  if (sync == NULL) return NULL;
  sync->whole.samples = samples;
  return &sync->whole;
}

nnt_status nnt_sync_batch_norm_check(const nnt_sync_batch_norm *sync, nnt_error *error) {
  return sync != NULL ? nnt_moment_exchange_check(sync->nodes, error) : NNT_OK;
}
