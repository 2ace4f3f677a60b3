/* Batch normalisation inside a pass. */
#include "net/batch_norm.h"

#include <string.h>

#include "base/partition.h"
#include "net/network_internal.h"

/* A node is [means, squares, rows] on the way forward, [gradients of gains, of shifts] on the way
 * back; means and squares are as wide as the layer in whole panels, the rows a line. */
static int64_t width_of(const nnt_network *network, int layer) {
  return nnt_panel_count(network->layout.layers[layer].outputs) * NNT_PANEL;
}

static int64_t node_floats(int64_t width) {
  return 2 * width + NNT_PANEL;
}

int64_t nnt_network_node_floats(const nnt_model *model) {
  int64_t most = 0;
  for (int l = 0; l < model->layer_count; ++l) {
    const nnt_layer *layer = &model->layers[l];
    if (layer->norm == NNT_NORM_BATCH && !layer->frozen)
      most = nnt_max_i64(most, node_floats(nnt_panel_count(layer->outputs) * NNT_PANEL));
  }
  return most;
}

bool nnt_batch_norm_measures(const nnt_network *network, int layer,
                             const nnt_network_step_call *call) {
  const nnt_layer *shape = &network->layout.layers[layer];
  return call != NULL && shape->norm == NNT_NORM_BATCH && !shape->frozen;
}

/* This thread's panels of a layer. */
typedef struct panel_range {
  int64_t begin, end;
} panel_range;

static panel_range panels_of(const nnt_network *network, nnt_team team, int layer) {
  int64_t panels = nnt_panel_count(network->layout.layers[layer].outputs);
  return (panel_range){nnt_partition_begin(panels, team.threads, team.thread),
                       nnt_partition_begin(panels, team.threads, team.thread + 1)};
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

void nnt_batch_norm_measure(const nnt_network *network, nnt_team team, int layer,
                            const nnt_network_step_call *call) {
  const nnt_norm_kernels *kernels = network->kernels->norm;
  const nnt_panels *values = &network->values[layer];
  int64_t width = width_of(network, layer);
  panel_range part = panels_of(network, team, layer);
  for (int64_t i = part.begin; i < part.end; ++i) {
    const panel_rows rows = {kernels, values->data + i * values->stride, call->granules};
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

void nnt_batch_norm_gather(nnt_network *network, int layer, const nnt_network_step_call *call) {
  network->gathered =
      call->whole->gather(call->whole->context, node_floats(width_of(network, layer)));
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

/* 32 floats for the gradients' arena, as the sum of all ranks' outputs: once from the first rank,
 * zeros from the others. */
static void put_statistic(const nnt_network_step_call *call, int layer, int64_t offset,
                          const float *values) {
  if (call->take != NULL) {
    call->take(call->context, layer, offset, values, NNT_PANEL);
    return;
  }
  for (int o = 0; o < call->outputs; ++o) {
    float *place = call->gradients + o * call->layout->floats + offset;
    if (o == 0 && call->whole->first)
      memcpy(place, values, NNT_PANEL * sizeof *place);
    else
      memset(place, 0, NNT_PANEL * sizeof *place);
  }
}

void nnt_batch_norm_learn(const nnt_network *network, nnt_team team, int layer,
                          const nnt_network_step_call *call) {
  const nnt_norm_kernels *kernels = network->kernels->norm;
  const nnt_layout *layout = call->layout;
  const nnt_sum_tree *plan = call->whole->plan;
  float samples = (float)call->whole->samples;
  panel_range part = panels_of(network, team, layer);
  for (int64_t i = part.begin; i < part.end; ++i) {
    const gathered_panel from = {network->gathered, width_of(network, layer), i};
    const float *running_mean = call->parameters + layout->means[layer] + i * NNT_PANEL;
    const float *running_variance = call->parameters + layout->variances[layer] + i * NNT_PANEL;
    _Alignas(64) float variance[NNT_PANEL], unbiased[NNT_PANEL];
    counted stack[NNT_SUM_PLACES] = {{.rows = 0.0F}}; /* the plan has an item at least */
    for (int64_t n = 0; n < plan->items; ++n)
      take_item(kernels, &plan->steps[n], stack, read_node, &from, n);
    for (int c = 0; c < NNT_PANEL; ++c) {
      variance[c] = stack[0].squares[c] / samples;
      unbiased[c] = stack[0].squares[c] / (samples - 1.0F);
    }
    memcpy(network->batch_mean[layer] + i * NNT_PANEL, stack[0].mean, sizeof stack[0].mean);
    kernels->invert(variance, network->inverse_deviation[layer] + i * NNT_PANEL);
    /* One sample has no variance, and its mean says little: the running ones stay. */
    bool few = samples < 2.0F;
    put_statistic(call, layer, layout->means[layer] + i * NNT_PANEL,
                  few ? running_mean : stack[0].mean);
    put_statistic(call, layer, layout->variances[layer] + i * NNT_PANEL,
                  few ? running_variance : unbiased);
  }
}

/* --- the layer itself --- */

static nnt_norm_panel panel_of(const nnt_network *network, int layer, int64_t panel, int64_t rows,
                               const float *parameters, const nnt_panels *values) {
  const nnt_layout *layout = &network->layout;
  float *normal = network->normal[layer];
  return (nnt_norm_panel){
      .values = values->data + panel * values->stride,
      .normal = normal != NULL ? normal + panel * network->values[layer].stride : NULL,
      .rows = rows,
      .gain = parameters + layout->gains[layer] + panel * NNT_PANEL,
      .shift = parameters + layout->shifts[layer] + panel * NNT_PANEL};
}

void nnt_batch_norm_forward(const nnt_network *network, nnt_team team, int layer, int64_t rows,
                            const float *parameters, bool learned) {
  const nnt_norm_kernels *kernels = network->kernels->norm;
  const nnt_layout *layout = &network->layout;
  panel_range part = panels_of(network, team, layer);
  for (int64_t i = part.begin; i < part.end; ++i) {
    _Alignas(64) float inverse[NNT_PANEL];
    nnt_norm_panel panel = panel_of(network, layer, i, rows, parameters, &network->values[layer]);
    if (learned) {
      panel.mean = network->batch_mean[layer] + i * NNT_PANEL;
      panel.inverse = network->inverse_deviation[layer] + i * NNT_PANEL;
    } else {
      kernels->invert(parameters + layout->variances[layer] + i * NNT_PANEL, inverse);
      panel.mean = parameters + layout->means[layer] + i * NNT_PANEL;
      panel.inverse = inverse;
    }
    kernels->normalize_panel(&panel);
  }
}

void nnt_batch_norm_sums(const nnt_network *network, nnt_team team, int layer,
                         const nnt_network_step_call *call, const nnt_panels *d) {
  const nnt_elementwise *kernels = network->kernels->elementwise;
  int64_t width = width_of(network, layer), distance = node_floats(width);
  panel_range part = panels_of(network, team, layer);
  for (int64_t i = part.begin; i < part.end; ++i) {
    const float *panel = d->data + i * d->stride;
    const float *normal = network->normal[layer] + i * network->values[layer].stride;
    float *gain = call->whole->own + i * NNT_PANEL, *shift = gain + width;
    kernels->sum_products(panel, normal, call->granules, gain, distance);
    kernels->sum_rows(panel, call->granules, shift, distance);
    for (int o = 0; o < call->outputs && call->take == NULL; ++o) {
      float *arena = call->gradients + o * call->layout->floats + i * NNT_PANEL;
      memcpy(arena + call->layout->gains[layer], gain + o * distance, NNT_PANEL * sizeof(float));
      memcpy(arena + call->layout->shifts[layer], shift + o * distance, NNT_PANEL * sizeof(float));
    }
  }
}

/* The sum of 32 floats at `offset` of all ranks' nodes. */
static void sum_nodes(const nnt_network *network, int layer, const nnt_sum_tree *plan,
                      int64_t offset, float *out) {
  int64_t distance = node_floats(width_of(network, layer));
  _Alignas(64) float stack[NNT_SUM_PLACES][NNT_PANEL];
  for (int64_t n = 0; n < plan->items; ++n) {
    const nnt_sum_step *step = &plan->steps[n];
    const float *value = network->gathered + n * distance + offset;
    for (int m = step->merges; m > 0; --m) {
      float *entry = stack[step->place + m - 1];
      network->kernels->elementwise->add(entry, value, entry, NNT_PANEL);
      value = entry;
    }
    if (step->merges == 0) memcpy(stack[step->place], value, sizeof stack[0]);
  }
  memcpy(out, stack[0], sizeof stack[0]);
}

void nnt_batch_norm_backward(const nnt_network *network, nnt_team team, int layer,
                             const float *parameters, const nnt_network_step_call *call,
                             const nnt_panels *d) {
  const nnt_norm_kernels *kernels = network->kernels->norm;
  panel_range part = panels_of(network, team, layer);
  bool measured = nnt_batch_norm_measures(network, layer, call);
  int64_t width = width_of(network, layer);
  for (int64_t i = part.begin; i < part.end; ++i) {
    _Alignas(64) float products[NNT_PANEL] = {0}, sums[NNT_PANEL] = {0}, inverse[NNT_PANEL];
    nnt_norm_panel panel = panel_of(network, layer, i, d->rows, parameters, d);
    panel.inverse = inverse;
    panel.sum = sums;
    panel.product_sum = products;
    panel.samples = 1.0F;
    if (measured) {
      sum_nodes(network, layer, call->whole->plan, i * NNT_PANEL, products);
      sum_nodes(network, layer, call->whole->plan, width + i * NNT_PANEL, sums);
      panel.inverse = network->inverse_deviation[layer] + i * NNT_PANEL;
      panel.samples = (float)call->whole->samples;
    } else {
      kernels->invert(parameters + network->layout.variances[layer] + i * NNT_PANEL, inverse);
    }
    kernels->denormalize_panel(&panel);
  }
}

void nnt_batch_norm_take(const nnt_network *network, nnt_team team, int layer,
                         const nnt_network_step_call *call) {
  int64_t width = width_of(network, layer);
  panel_range part = panels_of(network, team, layer);
  for (int64_t i = part.begin; i < part.end; ++i) {
    const float *gain = call->whole->own + i * NNT_PANEL;
    call->take(call->context, layer, call->layout->gains[layer] + i * NNT_PANEL, gain, NNT_PANEL);
    call->take(call->context, layer, call->layout->shifts[layer] + i * NNT_PANEL, gain + width,
               NNT_PANEL);
  }
}
