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
  nnt_sync_batch_norm *view = context;
  nnt_heartbeat_phase(view->heartbeat, NNT_PHASE_EXCHANGE);
  const float *all = nnt_moment_exchange_gather(view->nodes, count);
  nnt_heartbeat_phase(view->heartbeat, NNT_PHASE_COMPUTING);
  return all;
}

nnt_status nnt_sync_batch_norm_create(nnt_comm *comm, const nnt_model *model,
                                      const nnt_gradient_exchange *exchange,
                                      nnt_sync_batch_norm **out, nnt_error *error) {
  int64_t floats = nnt_network_gathered_floats(model);
  nnt_exchange_share share = nnt_gradient_exchange_share(exchange);
  *out = NULL;
  if (floats == 0) return NNT_OK;
  nnt_sync_batch_norm *view = calloc(1, sizeof *view);
  nnt_status status =
      view != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *view, "batch normalisation");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_moment_exchange_create(comm, exchange, floats, &view->nodes, error);
  if (status != NNT_OK || view == NULL) {
    free(view);
    return status;
  }
  view->whole = (nnt_whole_batch){.first = share.first == 0 && share.count > 0,
                                  .plan = nnt_moment_exchange_plan(view->nodes),
                                  .own = nnt_moment_exchange_own(view->nodes),
                                  .gather = gather,
                                  .context = view};
  *out = view;
  return NNT_OK;
}

void nnt_sync_batch_norm_destroy(nnt_sync_batch_norm **view) {
  if (*view == NULL) return;
  nnt_moment_exchange_destroy(&(*view)->nodes);
  free(*view);
  *view = NULL;
}

void nnt_sync_batch_norm_watch(nnt_sync_batch_norm *view, const nnt_heartbeat *heartbeat) {
  if (view != NULL) view->heartbeat = heartbeat;
}

const nnt_whole_batch *nnt_sync_batch_norm_of(nnt_sync_batch_norm *view, int64_t samples) {
  if (view == NULL) return NULL;
  view->whole.samples = samples;
  return &view->whole;
}

nnt_status nnt_sync_batch_norm_check(const nnt_sync_batch_norm *view, nnt_error *error) {
  return view != NULL ? nnt_moment_exchange_check(view->nodes, error) : NNT_OK;
}
