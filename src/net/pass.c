/* Forward and backward pass: one parallel region, barriers between the products.
 *
 * Backpropagation: Rumelhart, Hinton and Williams, Nature 323, 1986. With the layer's input X
 * [rows, in], weights W [in, out], dZ = d loss / d logits [rows, out]:
 *   dW = X^T dZ,  db = column sums of dZ,  dX = dZ W^T,  dZ of the layer before = dX * f'(Z). */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/clock.h"
#include "base/partition.h"
#include "kernels/gemm.h"
#include "net/loss.h"
#include "net/network_internal.h"
#include "net/norm_pass.h"
#include "net/staging.h"

/* Parameters are only read; the matrices of the kernels have one type for both. */
static nnt_panels weights_of(const nnt_network *network, int layer, const float *parameters) {
  union {
    const float *borrowed;
    float *read;
  } arena = {parameters};
  return nnt_layout_weights(&network->layout, layer, arena.read);
}

static nnt_dropout dropout_of(const nnt_network_step_call *call, int layer, double p) {
  double threshold = fmin(round(p * 65536.0), 65535.0);
  return (nnt_dropout){.seed = call->seed,
                       .layer = (uint32_t)layer,
                       .update = (uint32_t)call->update,
                       .threshold = (float)threshold,
                       .scale = (float)(65536.0 / (65536.0 - threshold))};
}

static bool changes_inputs(const nnt_pass *p) {
  const nnt_model *model = p->network->model;
  return p->call != NULL && (model->input_dropout > 0.0 || model->augmentation.noise > 0.0);
}

static nnt_input_rows input_rows(const nnt_pass *p, nnt_team team) {
  const nnt_network *network = p->network;
  bool staged = p->call != NULL && network->staged != NULL;
  return (nnt_input_rows){.input = staged ? &network->staged_input : &network->input,
                          .rows = staged ? network->staged_rows : network->rows,
                          .count = p->rows,
                          .next = p->call != NULL ? p->call->next : NULL,
                          .next_count = p->call != NULL ? p->call->next_count : 0,
                          .dropout = changes_inputs(p) ? &p->input_dropout : NULL,
                          .noise = (float)network->model->augmentation.noise,
                          .position = p->call != NULL ? p->call->position : 0,
                          .buffer = network->buffers + team.thread * network->buffer_floats};
}

/* A layer's dropout: its outputs and the derivative that backward multiplies by. */
typedef struct layer_dropout {
  const nnt_pass *pass;
  int layer;
  nnt_dropout dropout;
} layer_dropout;

static layer_dropout dropout_at(const nnt_pass *p, int layer) {
  double fraction = p->network->layout.layers[layer].dropout;
  layer_dropout drop = {p, layer, {0}};
  if (p->call != NULL && fraction > 0.0) drop.dropout = dropout_of(p->call, layer + 1, fraction);
  return drop;
}

static void drop_out(void *context, float *c, float *unused, int64_t count) {
  const layer_dropout *d = context;
  const nnt_network *network = d->pass->network;
  const nnt_panels *values = &network->values[d->layer];
  nnt_activation activation = network->layout.layers[d->layer].activation;
  int64_t offset = c - values->data, row = offset % values->stride / NNT_PANEL;
  float *auxiliary = network->auxiliary[d->layer] + offset;
  (void)unused;
  if (!nnt_stores_derivative(activation)) {
    for (int64_t i = 0; i < count; ++i) auxiliary[i] = 1.0F;
    network->kernels->elementwise->derive[activation](auxiliary, c, count);
  }
  network->kernels->noise->dropout(&d->dropout, d->pass->call->position + row,
                                   offset / values->stride, count / NNT_PANEL, c, auxiliary);
}

/* A layer with normalisation, when all products are there. */
static void normalize(const nnt_pass *p, nnt_team team, int layer) {
  const nnt_network *network = p->network;
  nnt_activation activation = network->layout.layers[layer].activation;
  layer_dropout drop = dropout_at(p, layer);
  nnt_block part = nnt_norm_pass_forward(p, team, layer);
  int64_t count = (part.row_end - part.row_begin) * NNT_PANEL;
  for (int64_t panel = part.column_begin; panel < part.column_end && count > 0; ++panel) {
    float *z = nnt_panels_at(&network->values[layer], part.row_begin, panel * NNT_PANEL);
    float *auxiliary = network->auxiliary[layer];
    if (auxiliary != NULL) auxiliary += z - network->values[layer].data;
    network->kernels->elementwise->activate[activation](z, auxiliary, count);
    if (drop.dropout.threshold > 0.0F) drop_out(&drop, z, auxiliary, count);
  }
}

static void forward(const nnt_pass *p, nnt_team team) {
  const nnt_network *network = p->network;
  for (int l = 0; l < network->layout.layer_count; ++l) {
    nnt_activation activation = network->layout.layers[l].activation;
    bool normed = network->layout.layers[l].norm != NNT_NORM_NONE;
    bool linear = activation == NNT_IDENTITY || normed;
    nnt_gemm_nn_call call = {
        .b = weights_of(network, l, p->parameters),
        .c = nnt_first_rows(network->values[l], p->rows),
        .bias = p->parameters + network->layout.biases[l],
        .epilogue = linear ? NULL : network->kernels->elementwise->activate[activation],
        .auxiliary = network->auxiliary[l]};
    layer_dropout drop = dropout_at(p, l);
    if (drop.dropout.threshold > 0.0F && !normed) {
      call.finish = drop_out;
      call.finish_context = &drop;
    }
    if (l == 0) {
      nnt_input_rows x = input_rows(p, team);
      nnt_input_forward(network->kernels, team, &x, &call);
    } else {
      call.a = nnt_first_rows(network->values[l - 1], p->rows);
      nnt_gemm_nn(network->kernels, team, &call);
    }
#pragma omp barrier
    if (!normed) continue;
    normalize(p, team, l);
#pragma omp barrier
  }
}

static nnt_loss_rows loss_rows(const nnt_pass *p, nnt_team team) {
  nnt_network *network = p->network;
  int last = network->layout.layer_count - 1;
  nnt_panels logits = nnt_first_rows(network->values[last], p->rows);
  bool gradient_kept = network->gradient[1].data != NULL;
  return (nnt_loss_rows){
      .logits = logits,
      .target = nnt_first_rows(network->targets, p->rows),
      .classes = network->classes,
      .partner_classes = p->call != NULL ? network->partner_classes : NULL,
      .shares = network->shares,
      .gradient = gradient_kept ? nnt_pass_gradient(network, last, p->rows)
                                : nnt_first_rows(network->gradient[0], p->rows),
      .derivative = network->auxiliary[last] != NULL ? network->auxiliary[last] : logits.data,
      .loss = network->losses,
      .scale = p->scale,
      .weights = p->call != NULL && p->call->weighted ? network->weights : NULL,
      .smoothing = p->call != NULL ? (float)network->model->label_smoothing : 0.0F,
      .begin = nnt_partition_begin(p->rows, team.threads, team.thread),
      .end = nnt_partition_begin(p->rows, team.threads, team.thread + 1)};
}

/* W^T of a layer, for the input gradient. */
static nnt_panels transposed_of(const nnt_network *network, int layer) {
  const nnt_layer *shape = &network->layout.layers[layer];
  return (nnt_panels){network->transposed[layer % 2], shape->outputs, shape->inputs,
                      shape->outputs * NNT_PANEL};
}

static void transpose_weights(const nnt_pass *p, nnt_team team, int layer) {
  if (layer == 0) return;
  nnt_panels w = weights_of(p->network, layer, p->parameters);
  nnt_panels wt = transposed_of(p->network, layer);
  nnt_transpose(team, &w, &wt);
}

/* The losses' sum by granules, into the tails. */
static void sum_losses(const nnt_pass *p) {
  const nnt_granules *granules = p->call->granules;
  float stack[NNT_SUM_PLACES];
  float *tail = p->call->gradients + p->call->layout->tail;
  for (int64_t g = 0; g < granules->count; ++g) {
    const nnt_sum_step *step = &granules->steps[g];
    double sum = 0.0;
    for (int64_t r = granules->begin[g]; r < granules->begin[g + 1]; ++r)
      sum += (double)p->network->losses[r];
    float value = (float)(sum * (double)p->scale);
    for (int m = step->merges; m > 0; --m) value += stack[step->place + m - 1];
    stack[step->place] = value;
    if (step->output < 0) continue;
    float *output = tail + step->output * p->call->layout->floats;
    memset(output, 0, NNT_TAIL * sizeof *output);
    output[NNT_TAIL_LOSS] = value;
    if (step->output == 0 && p->call->notes != NULL)
      memcpy(output + NNT_TAIL_NOTES, p->call->notes, NNT_NOTES * sizeof *output);
  }
}

static void bias_gradient(const nnt_pass *p, nnt_team team, int layer, const nnt_panels *dz) {
  const nnt_network_step_call *call = p->call;
  int64_t panels = nnt_panel_count(dz->columns);
  for (int64_t i = nnt_partition_begin(panels, team.threads, team.thread);
       i < nnt_partition_begin(panels, team.threads, team.thread + 1); ++i) {
    _Alignas(64) float sums[NNT_PANEL];
    int64_t offset = call->layout->biases[layer] + i * NNT_PANEL;
    float *out = call->take != NULL ? sums : call->gradients + offset;
    p->network->kernels->elementwise->sum_rows(dz->data + i * dz->stride, call->granules, out,
                                               call->layout->floats);
    if (call->take != NULL) call->take(call->context, layer, offset, sums, NNT_PANEL);
  }
}

/* Hands a tile of a layer's weight gradient on, with its place in the arena. */
typedef struct layer_sink {
  const nnt_network_step_call *call;
  int layer;
} layer_sink;

static void take_tile(void *context, int64_t offset, const float *values, int64_t count) {
  const layer_sink *sink = context;
  const nnt_network_step_call *call = sink->call;
  call->take(call->context, sink->layer, call->layout->weights[sink->layer] + offset, values,
             count);
}

static void expect_tile(void *context, int64_t offset, int64_t count) {
  const layer_sink *sink = context;
  const nnt_network_step_call *call = sink->call;
  call->expect(call->context, call->layout->weights[sink->layer] + offset, count);
}

/* Panels [begin, end) of a layer's weight gradient. */
static void weight_gradient(const nnt_pass *p, nnt_team team, int layer, int64_t begin,
                            int64_t end) {
  const nnt_network *network = p->network;
  nnt_panels dz = nnt_pass_gradient(network, layer, p->rows);
  nnt_panels dw = nnt_layout_weights(p->call->layout, layer, p->call->gradients);
  int64_t columns = nnt_min_i64(end * NNT_PANEL, dw.columns) - begin * NNT_PANEL;
  layer_sink sink = {p->call, layer};
  nnt_gemm_tn_call call = {.b = {dz.data + begin * dz.stride, dz.rows, columns, dz.stride},
                           .c = {dw.data + begin * dw.stride, dw.rows, columns, dw.stride},
                           .granules = p->call->granules,
                           .distance = p->call->layout->floats,
                           .sink = p->call->take != NULL ? take_tile : NULL,
                           .expect = p->call->expect != NULL ? expect_tile : NULL,
                           .sink_context = &sink};
  if (layer == 0) {
    nnt_input_rows x = input_rows(p, team);
    nnt_input_gradient(network->kernels, team, &x, &call);
  } else {
    call.a = nnt_first_rows(network->values[layer - 1], p->rows);
    nnt_gemm_tn(network->kernels, team, &call);
  }
}

/* Weights and biases of a layer, piece by piece. A piece that somebody waits for is announced when
 * all threads have finished it; when every tile is taken at once, nobody waits. */
static void layer_gradient(const nnt_pass *p, nnt_team team, int layer) {
  const nnt_network_step_call *call = p->call;
  const nnt_layout *layout = call->layout;
  nnt_panels dz = nnt_pass_gradient(p->network, layer, p->rows);
  bool frozen = layout->layers[layer].frozen; /* its gradient stays the zero that it was */
  for (int piece = layout->first_piece[layer]; piece < layout->first_piece[layer + 1]; ++piece) {
    int64_t begin = 0, end = 0;
    nnt_layout_piece_panels(layout, piece, &begin, &end);
    if (!frozen) weight_gradient(p, team, layer, begin, end);
    if (!frozen && piece + 1 == layout->first_piece[layer + 1]) bias_gradient(p, team, layer, &dz);
    if (call->take != NULL) continue;
#pragma omp barrier
    if (call->ready != NULL) call->ready(call->context, piece);
  }
}

/* dZ of layer - 1 from dZ of layer. */
static void input_gradient(const nnt_pass *p, nnt_team team, int layer) {
  const nnt_network *network = p->network;
  const nnt_layer *before = &network->layout.layers[layer - 1];
  /* Dropout leaves the derivative as gelu does. */
  nnt_activation activation = before->dropout > 0.0 ? NNT_GELU : before->activation;
  bool linear = activation == NNT_IDENTITY;
  nnt_gemm_nn_call call = {
      .a = nnt_pass_gradient(network, layer, p->rows),
      .b = transposed_of(network, layer),
      .c = nnt_pass_gradient(network, layer - 1, p->rows),
      .epilogue = linear ? NULL : network->kernels->elementwise->derive[activation],
      .auxiliary = network->auxiliary[layer - 1] != NULL ? network->auxiliary[layer - 1]
                                                         : network->values[layer - 1].data};
  nnt_gemm_nn(network->kernels, team, &call);
}

/* The lowest layer that is trained: no gradient is needed below it. */
static int lowest_trained(const nnt_network *network) {
  int lowest = 0;
  while (network->layout.layers[lowest].frozen) ++lowest;
  return lowest;
}

static void backward(const nnt_pass *p, nnt_team team) {
  const nnt_layer *layers = p->network->layout.layers;
  int lowest = lowest_trained(p->network);
  for (int l = p->network->layout.layer_count - 1; l >= 0; --l) {
    layer_gradient(p, team, l);
    if (l <= lowest) continue;
    /* Memory holds up the one, arithmetic the other: half the team begins with each. */
    bool turned = team.thread % 2 == 1;
    if (turned) transpose_weights(p, team, l - 1);
    input_gradient(p, team, l);
    if (!turned) transpose_weights(p, team, l - 1);
#pragma omp barrier
    if (layers[l - 1].norm != NNT_NORM_NONE) nnt_norm_pass_backward(p, team, l - 1);
  }
}

static void step(const nnt_pass *p, nnt_team team) {
  nnt_network *network = p->network;
  if (team.thread == 0) {
    team.poll = p->call->poll;
    team.poll_context = p->call->context;
  }
  if (network->staged != NULL) {
    nnt_stage_samples(p, team);
#pragma omp barrier
  }
  forward(p, team);
  nnt_loss_rows rows = loss_rows(p, team);
  nnt_loss_run(network->kernels, network->model, &rows);
  transpose_weights(p, team, network->layout.layer_count - 1);
#pragma omp barrier
  if (team.thread == 0) {
    sum_losses(p);
    network->forward_end = nnt_clock_seconds();
  }
  backward(p, team);
}

/* A rank without samples in this batch contributes nothing, but takes part, in the order of the
 * others. */
static void step_without_rows(const nnt_pass *p) {
  const nnt_network_step_call *call = p->call;
  const nnt_layout *layout = call->layout;
  memset(call->gradients, 0, (size_t)(call->outputs * layout->floats) * sizeof *call->gradients);
  for (int l = 0; l < layout->layer_count; ++l) nnt_norm_pass_forward_idle(p, l);
  p->network->forward_end = nnt_clock_seconds();
  for (int l = layout->layer_count - 1; l >= 0; --l) {
    for (int i = layout->first_piece[l]; i < layout->first_piece[l + 1]; ++i)
      if (call->ready != NULL) call->ready(call->context, i);
    if (l > lowest_trained(p->network)) nnt_norm_pass_backward_idle(p, l - 1);
  }
}

void nnt_network_step(nnt_network *network, const nnt_network_step_call *call) {
  nnt_pass p = {.network = network,
                .parameters = call->parameters,
                .rows = call->rows,
                .scale = call->scale,
                .call = call};
  if (changes_inputs(&p)) p.input_dropout = dropout_of(call, 0, network->model->input_dropout);
  double started = nnt_clock_seconds();
  if (call->rows == 0) {
    step_without_rows(&p);
    return;
  }
  int threads = nnt_network_threads(network, call->rows);
  /* Even a region of one thread costs time that small networks feel. */
  if (threads == 1) {
    step(&p, (nnt_team){.threads = 1});
  } else {
#pragma omp parallel num_threads(threads)
    step(&p, (nnt_team){.thread = omp_get_thread_num(), .threads = omp_get_num_threads()});
  }
  nnt_team_size_note(&network->team_size, nnt_clock_seconds() - started);
}

static int forward_threads(const nnt_network *network, int64_t rows) {
  return nnt_team_size_safe(network->flops_per_row * (double)rows, network->threads);
}

void nnt_network_forward(nnt_network *network, const float *parameters, int64_t rows,
                         bool with_loss, bool with_outputs) {
  const nnt_pass p = {.network = network, .parameters = parameters, .rows = rows, .scale = 1.0F};
  if (rows == 0) return;
#pragma omp parallel num_threads(forward_threads(network, rows))
  {
    nnt_team team = {.thread = omp_get_thread_num(), .threads = omp_get_num_threads()};
    forward(&p, team);
    nnt_loss_rows part = loss_rows(&p, team);
    if (with_loss) nnt_loss_run(network->kernels, network->model, &part);
    if (with_outputs)
      nnt_loss_outputs(network->kernels, network->model, &part.logits, network->losses, part.begin,
                       part.end);
  }
}
