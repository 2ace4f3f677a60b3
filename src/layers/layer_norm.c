/* Layer normalisation (nntrain/model.h): a layer's products become gain x' + shift, by rows. */
#include "base/partition.h"
#include "layers/network_state.h"

enum { GAIN, SHIFT };                     /* tensors */
enum { NORMAL, INVERSE_DEVIATION, SUMS }; /* arrays: x', [rows], gradients of gain and shift */

static void parameters(nnt_layout *layout, int layer) {
  (void)nnt_layout_add_vector(layout, layer, "norm_weight", NNT_START_ONE, false);
  (void)nnt_layout_add_vector(layout, layer, "norm_bias", NNT_START_ZERO, false);
}

static void workspace(nnt_workspace *w, nnt_unit *unit) {
  if (!w->training) return;
  nnt_workspace_take(w, nnt_workspace_matrix(w, unit), w->forward, w->backward,
                     &unit->arrays[NORMAL]);
  nnt_workspace_take(w, w->rows, w->forward, w->backward, &unit->arrays[INVERSE_DEVIATION]);
  /* Taken after the last barrier: they live until the product below has ended its own. */
  nnt_workspace_take(w, 2 * nnt_unit_width(unit), w->backward, w->backward + 1,
                     &unit->arrays[SUMS]);
}

/* This thread's rows. */
static nnt_norm_rows rows_of(const nnt_pass *p, nnt_team team, const nnt_unit *unit,
                             const nnt_panels *values) {
  return (nnt_norm_rows){.values = nnt_first_rows(*values, p->rows),
                         .normal = unit->arrays[NORMAL],
                         .inverse_deviation = unit->arrays[INVERSE_DEVIATION],
                         .gain = nnt_unit_parameter(p, unit, GAIN),
                         .shift = nnt_unit_parameter(p, unit, SHIFT),
                         .begin = nnt_partition_begin(p->rows, team.threads, team.thread),
                         .end = nnt_partition_begin(p->rows, team.threads, team.thread + 1)};
}

static void forward(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  nnt_norm_rows part = rows_of(p, team, unit, &unit->values);
  p->kernels->norm->normalize(&part);
  nnt_unit_activate(p, unit, (nnt_block){part.begin, part.end, 0, nnt_panel_count(unit->outputs)});
}

/* Gradients of gain and shift, by panels: to the gradients, or where they wait until gain and shift
 * are no longer read. */
static void sum_gradients(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  const nnt_network_step_call *call = p->call;
  const nnt_elementwise *kernels = p->kernels->elementwise;
  float *gains = unit->arrays[SUMS], *shifts = gains + nnt_unit_width(unit);
  int64_t begin = 0, end = 0;
  nnt_unit_panels(unit, team, &begin, &end);
  if (call->take == NULL) {
    gains = call->gradients + nnt_unit_tensor(p, unit, GAIN)->offset;
    shifts = call->gradients + nnt_unit_tensor(p, unit, SHIFT)->offset;
  }
  for (int64_t i = begin; i < end; ++i) {
    const float *panel = unit->gradient.data + i * unit->gradient.stride;
    const float *normal = unit->arrays[NORMAL] + i * unit->values.stride;
    kernels->sum_products(panel, normal, call->granules, gains + i * NNT_PANEL, p->layout->floats);
    kernels->sum_rows(panel, call->granules, shifts + i * NNT_PANEL, p->layout->floats);
  }
}

static void take_gradients(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  const nnt_network_step_call *call = p->call;
  int64_t begin = 0, end = 0;
  nnt_unit_panels(unit, team, &begin, &end);
  for (int64_t i = begin; i < end; ++i) {
    for (int t = GAIN; t <= SHIFT; ++t) {
      const nnt_tensor *tensor = nnt_unit_tensor(p, unit, t);
      call->take(call->context, tensor, tensor->offset + i * NNT_PANEL,
                 unit->arrays[SUMS] + t * nnt_unit_width(unit) + i * NNT_PANEL, NNT_PANEL);
    }
  }
}

static void backward(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  if (!unit->reached) return;
  if (!unit->frozen) sum_gradients(p, team, unit);
#pragma omp barrier
  nnt_norm_rows part = rows_of(p, team, unit, &unit->gradient);
  p->kernels->norm->denormalize(&part);
#pragma omp barrier
  if (p->call->take != NULL && !unit->frozen) take_gradients(p, team, unit);
}

const nnt_layer_kind nnt_layer_norm_kind = {
    .parameters = parameters,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
    .in_place = true,
    .onnx = "LayerNormalization norm_weight norm_bias epsilon=1e-5",
    .pytorch = "LayerNorm"};
