/* Normalisation between a layer's product and its activation. */
#include "net/norm_pass.h"

#include <string.h>

#include "base/partition.h"
#include "net/batch_norm.h"
#include "net/norm_layer.h"

/* The batch's mean and variance are agreed on. */
static void learn(const nnt_pass *p, nnt_team team, int layer) {
  nnt_batch_norm_measure(p->network, team, layer, p->call);
#pragma omp barrier
  if (team.thread == 0) nnt_batch_norm_gather(p->network, layer, p->call);
#pragma omp barrier
  nnt_batch_norm_learn(p->network, team, layer, p->call);
}

nnt_block nnt_norm_pass_forward(const nnt_pass *p, nnt_team team, int layer) {
  const nnt_layer *shape = &p->network->layout.layers[layer];
  int64_t panels = nnt_panel_count(shape->outputs);
  if (shape->norm == NNT_NORM_BATCH) {
    bool measures = nnt_batch_norm_measures(p->network, layer, p->call);
    if (measures) learn(p, team, layer);
    nnt_batch_norm_forward(p->network, team, layer, p->rows, p->parameters, measures);
    return (nnt_block){0, p->rows, nnt_partition_begin(panels, team.threads, team.thread),
                       nnt_partition_begin(panels, team.threads, team.thread + 1)};
  }
  nnt_norm_forward(p->network, team, layer, p->rows, p->parameters);
  return (nnt_block){nnt_partition_begin(p->rows, team.threads, team.thread),
                     nnt_partition_begin(p->rows, team.threads, team.thread + 1), 0, panels};
}

static void layer_norm_backward(const nnt_pass *p, nnt_team team, int layer, const nnt_panels *d) {
  bool frozen = p->network->layout.layers[layer].frozen;
  if (!frozen) nnt_norm_sums(p->network, team, layer, p->call, d);
#pragma omp barrier
  nnt_norm_backward(p->network, team, layer, p->parameters, d);
#pragma omp barrier
  if (p->call->take != NULL && !frozen) nnt_norm_take(p->network, team, layer, p->call);
}

static void batch_norm_backward(const nnt_pass *p, nnt_team team, int layer, const nnt_panels *d) {
  bool measures = nnt_batch_norm_measures(p->network, layer, p->call);
  if (measures) {
    nnt_batch_norm_sums(p->network, team, layer, p->call, d);
#pragma omp barrier
    if (team.thread == 0) nnt_batch_norm_gather(p->network, layer, p->call);
#pragma omp barrier
  }
  nnt_batch_norm_backward(p->network, team, layer, p->parameters, p->call, d);
#pragma omp barrier
  if (p->call->take != NULL && measures) nnt_batch_norm_take(p->network, team, layer, p->call);
}

void nnt_norm_pass_backward(const nnt_pass *p, nnt_team team, int layer) {
  nnt_panels d = nnt_pass_gradient(p->network, layer, p->rows);
  if (p->network->layout.layers[layer].norm == NNT_NORM_BATCH)
    batch_norm_backward(p, team, layer, &d);
  else
    layer_norm_backward(p, team, layer, &d);
}

/* Nodes of no rows. */
static void gather_nothing(const nnt_pass *p, int layer) {
  memset(p->call->whole->own, 0,
         (size_t)(p->call->outputs * nnt_network_node_floats(p->network->model)) * sizeof(float));
  nnt_batch_norm_gather(p->network, layer, p->call);
}

void nnt_norm_pass_forward_idle(const nnt_pass *p, int layer) {
  if (!nnt_batch_norm_measures(p->network, layer, p->call)) return;
  gather_nothing(p, layer);
  nnt_batch_norm_learn(p->network, (nnt_team){.threads = 1}, layer, p->call);
}

void nnt_norm_pass_backward_idle(const nnt_pass *p, int layer) {
  if (nnt_batch_norm_measures(p->network, layer, p->call)) gather_nothing(p, layer);
}
