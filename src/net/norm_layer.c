/* Layer normalisation inside a pass. */
#include "net/norm_layer.h"

#include "base/partition.h"
#include "net/network_internal.h"

/* This thread's rows. */
static nnt_norm_rows rows_of(const nnt_network *network, nnt_team team, int layer,
                             const nnt_panels *values, const float *parameters) {
  return (nnt_norm_rows){.values = *values,
                         .normal = network->normal[layer],
                         .inverse_deviation = network->inverse_deviation[layer],
                         .gain = parameters + network->layout.gains[layer],
                         .shift = parameters + network->layout.shifts[layer],
                         .begin = nnt_partition_begin(values->rows, team.threads, team.thread),
                         .end = nnt_partition_begin(values->rows, team.threads, team.thread + 1)};
}

void nnt_norm_forward(const nnt_network *network, nnt_team team, int layer, int64_t rows,
                      const float *parameters) {
  nnt_panels values = network->values[layer];
  values.rows = rows;
  nnt_norm_rows part = rows_of(network, team, layer, &values, parameters);
  network->kernels->norm->normalize(&part);
}

/* Gain or shift of one panel: where its gradient goes in the arena, and until it is taken. */
typedef struct place {
  int64_t offset;
  float *waiting;
} place;

static place place_of(const nnt_network *network, int layer, bool gain, int64_t panel) {
  const nnt_layout *layout = &network->layout;
  int64_t size = layout->shifts[layer] - layout->gains[layer];
  return (place){(gain ? layout->gains[layer] : layout->shifts[layer]) + panel * NNT_PANEL,
                 network->norm_sums + (gain ? 0 : size) + panel * NNT_PANEL};
}

void nnt_norm_sums(const nnt_network *network, nnt_team team, int layer,
                   const nnt_network_step_call *call, const nnt_panels *d) {
  const nnt_elementwise *kernels = network->kernels->elementwise;
  int64_t panels = nnt_panel_count(d->columns);
  for (int64_t i = nnt_partition_begin(panels, team.threads, team.thread);
       i < nnt_partition_begin(panels, team.threads, team.thread + 1); ++i) {
    const float *panel = d->data + i * d->stride;
    const float *normal = network->normal[layer] + i * network->values[layer].stride;
    place gain = place_of(network, layer, true, i), shift = place_of(network, layer, false, i);
    bool taken = call->take != NULL;
    kernels->sum_products(panel, normal, call->granules,
                          taken ? gain.waiting : call->gradients + gain.offset,
                          call->layout->floats);
    kernels->sum_rows(panel, call->granules, taken ? shift.waiting : call->gradients + shift.offset,
                      call->layout->floats);
  }
}

void nnt_norm_backward(const nnt_network *network, nnt_team team, int layer,
                       const float *parameters, const nnt_panels *d) {
  nnt_norm_rows part = rows_of(network, team, layer, d, parameters);
  network->kernels->norm->denormalize(&part);
}

void nnt_norm_take(const nnt_network *network, nnt_team team, int layer,
                   const nnt_network_step_call *call) {
  int64_t panels = nnt_panel_count(network->layout.layers[layer].outputs);
  for (int64_t i = nnt_partition_begin(panels, team.threads, team.thread);
       i < nnt_partition_begin(panels, team.threads, team.thread + 1); ++i) {
    for (int gain = 0; gain < 2; ++gain) {
      place p = place_of(network, layer, gain == 1, i);
      call->take(call->context, layer, p.offset, p.waiting, NNT_PANEL);
    }
  }
}
