/* Batch normalisation (nntrain/model.h): a layer's products become gain x' + shift, by panels.
 *
 * Mean and variance are those of the whole batch, over all ranks: each rank has the moments of its
 * nodes of the reduction tree, all ranks get those of all (nnt_whole_batch), and everybody merges
 * them in the tree's order. In evaluation, and in a frozen layer, the running ones take their
 * place. */
#include <string.h>

#include "base/partition.h"
#include "layers/network_state.h"

enum { GAIN, SHIFT, MEAN, VARIANCE };           /* tensors */
enum { NORMAL, INVERSE_DEVIATION, BATCH_MEAN }; /* arrays: x', and one float an output */

static void parameters(nnt_layout *layout, int layer) {
  (void)nnt_layout_add_vector(layout, layer, "norm_weight", NNT_START_ONE, false);
  (void)nnt_layout_add_vector(layout, layer, "norm_bias", NNT_START_ZERO, false);
  (void)nnt_layout_add_vector(layout, layer, "running_mean", NNT_START_ZERO, true);
  (void)nnt_layout_add_vector(layout, layer, "running_var", NNT_START_ONE, true);
}

static void workspace(nnt_workspace *w, nnt_unit *unit) {
  if (!w->training) return;
  nnt_workspace_take(w, nnt_workspace_matrix(w, unit), w->forward, w->backward,
                     &unit->arrays[NORMAL]);
  nnt_workspace_take(w, nnt_unit_width(unit), w->forward, w->backward,
                     &unit->arrays[INVERSE_DEVIATION]);
  nnt_workspace_take(w, nnt_unit_width(unit), w->forward, w->backward, &unit->arrays[BATCH_MEAN]);
}

/* A tree node is [means, squares, rows] on the way forward, [gradients of gains, of shifts] on the
 * way back; means and squares are as wide as the layer in whole panels, the rows a line. */
static int64_t node_floats(int64_t width) {
  return 2 * width + NNT_PANEL;
}

static int64_t gathered(const nnt_layer *layer) {
  return node_floats(nnt_panel_count(layer->outputs) * NNT_PANEL);
}

/* Whether a pass takes the layer's mean and variance from the batch. */
static bool measures(const nnt_pass *p, const nnt_unit *unit) {
  return p->call != NULL && !unit->frozen;
}

/* On one thread, when all have written their part of this rank's tree nodes. */
static void gather(const nnt_pass *p, const nnt_unit *unit) {
  const nnt_whole_batch *whole = p->call->whole;
  p->network->gathered = whole->gather(whole->context, node_floats(nnt_unit_width(unit)));
}

/* Nodes of no rows. */
static void gather_nothing(const nnt_pass *p, const nnt_unit *unit) {
  memset(
      p->call->whole->own, 0,
      (size_t)(p->call->outputs * nnt_network_gathered_floats(p->network->model)) * sizeof(float));
  gather(p, unit);
}

/* --- moments by the tree --- */

/* Moments of one panel, and the rows that they are of. */
typedef struct counted {
  _Alignas(64) float mean[NNT_PANEL];
  _Alignas(64) float squares[NNT_PANEL];
  float rows;
} counted;

static nnt_moments moments_of(counted *from) {
  return (nnt_moments){from->mean, from->squares};
}

/* What the next item of a plan is. */
typedef void (*read_item)(const void *source, int64_t index, counted *out);

/* Takes item `index` of the plan onto the stack. */
static void take_item(const nnt_norm_kernels *kernels, const nnt_sum_step *step, counted *stack,
                      read_item read, const void *source, int64_t index) {
  counted item;
  read(source, index, &item);
  for (int m = step->merges; m > 0; --m) {
    counted *left = &stack[step->place + m - 1];
    nnt_moments a = moments_of(left), b = moments_of(&item);
    kernels->merge_moments(&a, left->rows, &b, item.rows, &b);
    item.rows += left->rows;
  }
  stack[step->place] = item;
}

typedef struct panel_rows {
  const nnt_norm_kernels *kernels;
  const float *panel;
  const nnt_granules *granules;
} panel_rows;

static void read_granule(const void *source, int64_t index, counted *out) {
  const panel_rows *rows = source;
  const int64_t *begin = rows->granules->begin + index;
  nnt_moments moments = moments_of(out);
  rows->kernels->measure(rows->panel + begin[0] * NNT_PANEL, begin[1] - begin[0], &moments);
  out->rows = (float)(begin[1] - begin[0]);
}

/* The layer's products of this rank's rows: their moments by tree nodes, to be gathered. */
static void measure(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  const nnt_norm_kernels *kernels = p->kernels->norm;
  const nnt_network_step_call *call = p->call;
  int64_t width = nnt_unit_width(unit), begin = 0, end = 0;
  nnt_unit_panels(unit, team, &begin, &end);
  for (int64_t i = begin; i < end; ++i) {
    const panel_rows rows = {kernels, unit->values.data + i * unit->values.stride, call->granules};
    counted stack[NNT_SUM_PLACES];
    for (int64_t g = 0; g < call->granules->count; ++g) {
      const nnt_sum_step *step = &call->granules->steps[g];
      take_item(kernels, step, stack, read_granule, &rows, g);
      if (step->output < 0) continue;
      const counted *result = &stack[step->place];
      float *node = call->whole->own + step->output * node_floats(width);
      memcpy(node + i * NNT_PANEL, result->mean, sizeof result->mean);
      memcpy(node + width + i * NNT_PANEL, result->squares, sizeof result->squares);
      if (i == 0) node[2 * width] = result->rows;
    }
  }
}

typedef struct gathered_panel {
  const float *nodes; /* of all ranks */
  int64_t width, panel;
} gathered_panel;

static void read_node(const void *source, int64_t index, counted *out) {
  const gathered_panel *from = source;
  const float *node = from->nodes + index * node_floats(from->width);
  memcpy(out->mean, node + from->panel * NNT_PANEL, sizeof out->mean);
  memcpy(out->squares, node + from->width + from->panel * NNT_PANEL, sizeof out->squares);
  out->rows = node[2 * from->width];
}

/* One panel of a statistic for the gradients' arena, as the sum of all ranks' outputs: once from
 * the first rank, zeros from the others. */
static void put_statistic(const nnt_pass *p, const nnt_tensor *tensor, int64_t panel,
                          const float *values) {
  const nnt_network_step_call *call = p->call;
  int64_t offset = tensor->offset + panel * NNT_PANEL;
  if (call->take != NULL) {
    call->take(call->context, tensor, offset, values, NNT_PANEL);
    return;
  }
  for (int o = 0; o < call->outputs; ++o) {
    float *place = call->gradients + o * p->layout->floats + offset;
    if (o == 0 && call->whole->first)
      memcpy(place, values, NNT_PANEL * sizeof *place);
    else
      memset(place, 0, NNT_PANEL * sizeof *place);
  }
}

/* What was gathered is merged: mean and variance go to their places among the gradients. */
static void learn(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  const nnt_norm_kernels *kernels = p->kernels->norm;
  const nnt_sum_tree *plan = p->call->whole->plan;
  float samples = (float)p->call->whole->samples;
  int64_t begin = 0, end = 0;
  nnt_unit_panels(unit, team, &begin, &end);
  for (int64_t i = begin; i < end; ++i) {
    const gathered_panel from = {p->network->gathered, nnt_unit_width(unit), i};
    _Alignas(64) float variance[NNT_PANEL], unbiased[NNT_PANEL];
    counted stack[NNT_SUM_PLACES] = {{.rows = 0.0F}}; /* the plan has an item at least */
    for (int64_t n = 0; n < plan->items; ++n)
      take_item(kernels, &plan->steps[n], stack, read_node, &from, n);
    for (int c = 0; c < NNT_PANEL; ++c) {
      variance[c] = stack[0].squares[c] / samples;
      unbiased[c] = stack[0].squares[c] / (samples - 1.0F);
    }
    memcpy(unit->arrays[BATCH_MEAN] + i * NNT_PANEL, stack[0].mean, sizeof stack[0].mean);
    kernels->invert(variance, unit->arrays[INVERSE_DEVIATION] + i * NNT_PANEL);
    /* One sample has no variance, and its mean says little: the running ones stay. */
    bool few = samples < 2.0F;
    const float *mean = nnt_unit_parameter(p, unit, MEAN) + i * NNT_PANEL;
    const float *running = nnt_unit_parameter(p, unit, VARIANCE) + i * NNT_PANEL;
    put_statistic(p, nnt_unit_tensor(p, unit, MEAN), i, few ? mean : stack[0].mean);
    put_statistic(p, nnt_unit_tensor(p, unit, VARIANCE), i, few ? running : unbiased);
  }
}

/* --- the layer itself --- */

static nnt_norm_panel panel_of(const nnt_pass *p, const nnt_unit *unit, int64_t panel,
                               const nnt_panels *values) {
  float *normal = unit->arrays[NORMAL];
  return (nnt_norm_panel){.values = values->data + panel * values->stride,
                          .normal = normal != NULL ? normal + panel * unit->values.stride : NULL,
                          .rows = p->rows,
                          .gain = nnt_unit_parameter(p, unit, GAIN) + panel * NNT_PANEL,
                          .shift = nnt_unit_parameter(p, unit, SHIFT) + panel * NNT_PANEL};
}

static void normalize(const nnt_pass *p, const nnt_unit *unit, int64_t begin, int64_t end) {
  const nnt_norm_kernels *kernels = p->kernels->norm;
  for (int64_t i = begin; i < end; ++i) {
    _Alignas(64) float inverse[NNT_PANEL];
    nnt_norm_panel panel = panel_of(p, unit, i, &unit->values);
    if (measures(p, unit)) {
      panel.mean = unit->arrays[BATCH_MEAN] + i * NNT_PANEL;
      panel.inverse = unit->arrays[INVERSE_DEVIATION] + i * NNT_PANEL;
    } else {
      kernels->invert(nnt_unit_parameter(p, unit, VARIANCE) + i * NNT_PANEL, inverse);
      panel.mean = nnt_unit_parameter(p, unit, MEAN) + i * NNT_PANEL;
      panel.inverse = inverse;
    }
    kernels->normalize_panel(&panel);
  }
}

static void forward(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  int64_t begin = 0, end = 0;
  if (measures(p, unit)) {
    measure(p, team, unit);
#pragma omp barrier
    if (team.thread == 0) gather(p, unit);
#pragma omp barrier
    learn(p, team, unit);
  }
  nnt_unit_panels(unit, team, &begin, &end);
  normalize(p, unit, begin, end);
  nnt_unit_activate(p, unit, (nnt_block){0, p->rows, begin, end});
}

static void forward_idle(const nnt_pass *p, const nnt_unit *unit) {
  if (!measures(p, unit)) return;
  gather_nothing(p, unit);
  learn(p, (nnt_team){.threads = 1}, unit);
}

/* This rank's gradients of gains and shifts, to be gathered, and to the gradients unless they are
 * to be taken. */
static void sum_gradients(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  const nnt_elementwise *kernels = p->kernels->elementwise;
  const nnt_network_step_call *call = p->call;
  int64_t width = nnt_unit_width(unit), distance = node_floats(width), begin = 0, end = 0;
  nnt_unit_panels(unit, team, &begin, &end);
  for (int64_t i = begin; i < end; ++i) {
    const float *panel = unit->gradient.data + i * unit->gradient.stride;
    const float *normal = unit->arrays[NORMAL] + i * unit->values.stride;
    float *gain = call->whole->own + i * NNT_PANEL, *shift = gain + width;
    kernels->sum_products(panel, normal, call->granules, gain, distance);
    kernels->sum_rows(panel, call->granules, shift, distance);
    for (int o = 0; o < call->outputs && call->take == NULL; ++o) {
      float *arena = call->gradients + o * p->layout->floats + i * NNT_PANEL;
      memcpy(arena + nnt_unit_tensor(p, unit, GAIN)->offset, gain + o * distance,
             NNT_PANEL * sizeof(float));
      memcpy(arena + nnt_unit_tensor(p, unit, SHIFT)->offset, shift + o * distance,
             NNT_PANEL * sizeof(float));
    }
  }
}

/* The sum of 32 floats at `offset` of all ranks' tree nodes. */
static void sum_nodes(const nnt_pass *p, const nnt_unit *unit, int64_t offset, float *out) {
  const nnt_sum_tree *plan = p->call->whole->plan;
  int64_t distance = node_floats(nnt_unit_width(unit));
  _Alignas(64) float stack[NNT_SUM_PLACES][NNT_PANEL];
  for (int64_t n = 0; n < plan->items; ++n) {
    const nnt_sum_step *step = &plan->steps[n];
    const float *value = p->network->gathered + n * distance + offset;
    for (int m = step->merges; m > 0; --m) {
      float *entry = stack[step->place + m - 1];
      p->kernels->elementwise->add(entry, value, entry, NNT_PANEL);
      value = entry;
    }
    if (step->merges == 0) memcpy(stack[step->place], value, sizeof stack[0]);
  }
  memcpy(out, stack[0], sizeof stack[0]);
}

static void denormalize(const nnt_pass *p, const nnt_unit *unit, int64_t begin, int64_t end) {
  const nnt_norm_kernels *kernels = p->kernels->norm;
  for (int64_t i = begin; i < end; ++i) {
    _Alignas(64) float products[NNT_PANEL] = {0}, sums[NNT_PANEL] = {0}, inverse[NNT_PANEL];
    nnt_norm_panel panel = panel_of(p, unit, i, &unit->gradient);
    panel.inverse = inverse;
    panel.sum = sums;
    panel.product_sum = products;
    panel.samples = 1.0F;
    if (measures(p, unit)) {
      sum_nodes(p, unit, i * NNT_PANEL, products);
      sum_nodes(p, unit, nnt_unit_width(unit) + i * NNT_PANEL, sums);
      panel.inverse = unit->arrays[INVERSE_DEVIATION] + i * NNT_PANEL;
      panel.samples = (float)p->call->whole->samples;
    } else {
      kernels->invert(nnt_unit_parameter(p, unit, VARIANCE) + i * NNT_PANEL, inverse);
    }
    kernels->denormalize_panel(&panel);
  }
}

/* Gains and shifts are no longer read, and may change. */
static void take_gradients(const nnt_pass *p, const nnt_unit *unit, int64_t begin, int64_t end) {
  const nnt_network_step_call *call = p->call;
  for (int64_t i = begin; i < end; ++i) {
    for (int t = GAIN; t <= SHIFT; ++t) {
      const nnt_tensor *tensor = nnt_unit_tensor(p, unit, t);
      call->take(call->context, tensor, tensor->offset + i * NNT_PANEL,
                 call->whole->own + t * nnt_unit_width(unit) + i * NNT_PANEL, NNT_PANEL);
    }
  }
}

static void backward(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  int64_t begin = 0, end = 0;
  if (!unit->reached) return;
  if (measures(p, unit)) {
    sum_gradients(p, team, unit);
#pragma omp barrier
    if (team.thread == 0) gather(p, unit);
#pragma omp barrier
  }
  nnt_unit_panels(unit, team, &begin, &end);
  denormalize(p, unit, begin, end);
#pragma omp barrier
  if (p->call->take != NULL && measures(p, unit)) take_gradients(p, unit, begin, end);
}

static void backward_idle(const nnt_pass *p, const nnt_unit *unit) {
  if (unit->reached && measures(p, unit)) gather_nothing(p, unit);
}

const nnt_layer_kind nnt_batch_norm_kind = {
    .parameters = parameters,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
    .forward_idle = forward_idle,
    .backward_idle = backward_idle,
    .gathered = gathered,
    .in_place = true,
    .onnx = "BatchNormalization norm_weight norm_bias running_mean running_var epsilon=1e-5",
    .pytorch = "BatchNorm1d"};
