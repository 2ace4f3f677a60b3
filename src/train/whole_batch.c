/* How batch normalisation sees all ranks' rows. */
#include "train/whole_batch.h"

#include <stdlib.h>

#include "comm/batch_nodes.h"

struct nnt_whole_view {
  nnt_batch_nodes *nodes;
  nnt_whole_batch whole;
  const nnt_pulse *pulse; /* NULL: nobody watches */
};

static const float *gather(void *context, int64_t count) {
  nnt_whole_view *view = context;
  nnt_pulse_phase(view->pulse, NNT_PHASE_EXCHANGE);
  const float *all = nnt_batch_nodes_gather(view->nodes, count);
  nnt_pulse_phase(view->pulse, NNT_PHASE_COMPUTING);
  return all;
}

nnt_status nnt_whole_view_create(nnt_comm *comm, const nnt_model *model,
                                 const nnt_gradient_exchange *exchange, nnt_whole_view **out,
                                 nnt_error *error) {
  int64_t floats = nnt_network_node_floats(model);
  nnt_exchange_share share = nnt_gradient_exchange_share(exchange);
  *out = NULL;
  if (floats == 0) return NNT_OK;
  nnt_whole_view *view = calloc(1, sizeof *view);
  nnt_status status =
      view != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *view, "batch normalisation");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_batch_nodes_create(comm, exchange, floats, &view->nodes, error);
  if (status != NNT_OK || view == NULL) {
    free(view);
    return status;
  }
  view->whole = (nnt_whole_batch){.first = share.first == 0 && share.count > 0,
                                  .plan = nnt_batch_nodes_plan(view->nodes),
                                  .own = nnt_batch_nodes_own(view->nodes),
                                  .gather = gather,
                                  .context = view};
  *out = view;
  return NNT_OK;
}

void nnt_whole_view_destroy(nnt_whole_view **view) {
  if (*view == NULL) return;
  nnt_batch_nodes_destroy(&(*view)->nodes);
  free(*view);
  *view = NULL;
}

void nnt_whole_view_watch(nnt_whole_view *view, const nnt_pulse *pulse) {
  if (view != NULL) view->pulse = pulse;
}

const nnt_whole_batch *nnt_whole_view_of(nnt_whole_view *view, int64_t samples) {
  if (view == NULL) return NULL;
  view->whole.samples = samples;
  return &view->whole;
}

nnt_status nnt_whole_view_check(const nnt_whole_view *view, nnt_error *error) {
  return view != NULL ? nnt_batch_nodes_check(view->nodes, error) : NNT_OK;
}
