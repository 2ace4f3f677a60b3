/* Forward and backward pass: one parallel region, barriers between the products.
 *
 * Backpropagation: Rumelhart, Hinton and Williams, Nature 323, 1986. With the layer's input X
 * [rows, in], weights W [in, out], dZ = d loss / d logits [rows, out]:
 *   dW = X^T dZ,  db = column sums of dZ,  dX = dZ W^T,  dZ of the layer before = dX * f'(Z). */
#include "net/network.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/partition.h"
#include "kernels/gemm.h"
#include "net/loss.h"

/* Below this much arithmetic a thread costs more in barriers than it saves. */
#define FLOPS_PER_THREAD 4.0e6

struct nnt_network {
  const nnt_model *model;
  const nnt_kernels *kernels;
  nnt_layout layout;
  int threads;
  double flops_per_row;
  nnt_arena arena;
  nnt_panels values[NNT_MAX_LAYERS + 1]; /* inputs, then each layer's outputs */
  float *auxiliary[NNT_MAX_LAYERS];      /* f'(z) where it is not a function of y; else NULL */
  nnt_panels gradient[2];                /* dZ of a layer and of the one before, in turn */
  float *transposed;                     /* W^T of one layer */
  nnt_panels targets;
  int32_t *classes;
  float *losses;
  double forward_end;
};

static bool stores_derivative(nnt_activation activation) {
  return activation == NNT_GELU || activation == NNT_SILU;
}

static nnt_panels slice_matrix(nnt_arena *arena, int64_t rows, int64_t columns) {
  size_t bytes = (size_t)nnt_panels_floats(rows, columns) * sizeof(float);
  return (nnt_panels){.data = nnt_arena_slice(arena, bytes),
                      .rows = rows,
                      .columns = columns,
                      .stride = rows * NNT_PANEL};
}

/* Counts (arena->base NULL) or gives out all slices; the one list of what a network holds. */
static void slice_all(nnt_network *network, const nnt_model *model, int64_t rows, bool training) {
  nnt_arena *arena = &network->arena;
  int64_t widest = 0, largest = 0;
  network->values[0] = slice_matrix(arena, rows, nnt_model_inputs(model));
  for (int l = 0; l < model->layer_count; ++l) {
    const nnt_layer *layer = &model->layers[l];
    network->values[l + 1] = slice_matrix(arena, rows, layer->outputs);
    if (training && stores_derivative(layer->activation))
      network->auxiliary[l] = slice_matrix(arena, rows, layer->outputs).data;
    widest = nnt_max_i64(widest, layer->outputs);
    if (l > 0) largest = nnt_max_i64(largest, nnt_panels_floats(layer->outputs, layer->inputs));
  }
  int64_t outputs = nnt_model_outputs(model);
  network->gradient[0] = slice_matrix(arena, rows, training ? widest : outputs);
  if (training) {
    network->gradient[1] = slice_matrix(arena, rows, widest);
    network->transposed = nnt_arena_slice(arena, (size_t)largest * sizeof(float));
  }
  if (model->target == NNT_TARGET_VALUES || model->loss == NNT_QUADRATIC)
    network->targets = slice_matrix(arena, rows, outputs);
  network->classes = nnt_arena_slice(arena, (size_t)rows * sizeof(int32_t));
  network->losses = nnt_arena_slice(arena, (size_t)rows * sizeof(float));
}

size_t nnt_network_bytes(const nnt_model *model, int64_t capacity, bool training) {
  nnt_network counting = {0};
  slice_all(&counting, model, capacity, training);
  return counting.arena.used;
}

nnt_status nnt_network_create(const nnt_model *model, const nnt_kernels *kernels, int64_t capacity,
                              bool training, int threads, nnt_network **out, nnt_error *error) {
  void *memory = NULL;
  *out = NULL;
  nnt_status status = nnt_memory_allocate(sizeof(nnt_network), "a network", &memory, error);
  if (status != NNT_OK) return status;
  nnt_network *network = memory;
  capacity = nnt_max_i64(capacity, 1);
  network->model = model;
  network->kernels = kernels;
  network->layout = nnt_layout_of(model);
  network->threads = threads;
  network->flops_per_row = (training ? 6.0 : 2.0) * (double)nnt_model_parameters(model);
  slice_all(network, model, capacity, training);
  status = nnt_arena_allocate(&network->arena, "activations and gradients", error);
  if (status != NNT_OK) {
    nnt_network_destroy(&network);
    return status;
  }
  slice_all(network, model, capacity, training);
  *out = network;
  return NNT_OK;
}

void nnt_network_destroy(nnt_network **network) {
  if (*network == NULL) return;
  nnt_arena_free(&(*network)->arena);
  free(*network);
  *network = NULL;
}

nnt_panels nnt_network_inputs(nnt_network *network) {
  return network->values[0];
}

int32_t *nnt_network_classes(nnt_network *network) {
  return network->classes;
}

nnt_panels nnt_network_targets(nnt_network *network) {
  return network->targets;
}

nnt_panels nnt_network_outputs(nnt_network *network) {
  return network->values[network->layout.layer_count];
}

const float *nnt_network_losses(nnt_network *network) {
  return network->losses;
}

int nnt_network_threads(const nnt_network *network, int64_t rows) {
  double useful = network->flops_per_row * (double)rows / FLOPS_PER_THREAD;
  if (useful < 2.0) return 1;
  return useful < network->threads ? (int)useful : network->threads;
}

/* The first `rows` rows of a matrix of the full capacity. */
static nnt_panels first_rows(nnt_panels matrix, int64_t rows) {
  matrix.rows = rows;
  return matrix;
}

/* The first floats of a gradient buffer as a matrix of this width. */
static nnt_panels gradient_of(const nnt_network *network, int layer, int64_t rows) {
  nnt_panels matrix = first_rows(network->gradient[layer % 2], rows);
  matrix.columns = network->layout.layers[layer].outputs;
  return matrix;
}

/* Parameters are only read; the matrices of the kernels have one type for both. */
static nnt_panels weights_of(const nnt_network *network, int layer, const float *parameters) {
  union {
    const float *borrowed;
    float *read;
  } arena = {parameters};
  return nnt_layout_weights(&network->layout, layer, arena.read);
}

/* What a team does together; every function below is called by all its threads. */
typedef struct pass {
  nnt_network *network;
  const float *parameters;
  int64_t rows;
  float scale;
  float *gradients;
  nnt_gradient_ready ready;
  void *context;
} pass;

static void forward(const pass *p, nnt_team team) {
  const nnt_network *network = p->network;
  for (int l = 0; l < network->layout.layer_count; ++l) {
    nnt_activation activation = network->layout.layers[l].activation;
    bool linear = activation == NNT_IDENTITY;
    nnt_gemm_nn_call call = {
        .a = first_rows(network->values[l], p->rows),
        .b = weights_of(network, l, p->parameters),
        .c = first_rows(network->values[l + 1], p->rows),
        .bias = p->parameters + network->layout.biases[l],
        .epilogue = linear ? NULL : network->kernels->elementwise->activate[activation],
        .auxiliary = network->auxiliary[l]};
    nnt_gemm_nn(network->kernels, team, &call);
#pragma omp barrier
  }
}

static nnt_loss_rows loss_rows(const pass *p, nnt_team team) {
  nnt_network *network = p->network;
  int last = network->layout.layer_count - 1;
  nnt_panels logits = first_rows(network->values[last + 1], p->rows);
  bool gradient_kept = network->gradient[1].data != NULL;
  return (nnt_loss_rows){
      .logits = logits,
      .target = first_rows(network->targets, p->rows),
      .classes = network->classes,
      .gradient = gradient_kept ? gradient_of(network, last, p->rows)
                                : first_rows(network->gradient[0], p->rows),
      .derivative = network->auxiliary[last] != NULL ? network->auxiliary[last] : logits.data,
      .loss = network->losses,
      .scale = p->scale,
      .begin = nnt_partition_begin(p->rows, team.threads, team.thread),
      .end = nnt_partition_begin(p->rows, team.threads, team.thread + 1)};
}

static void sum_losses(const pass *p) {
  double sum = 0.0;
  for (int64_t r = 0; r < p->rows; ++r) sum += (double)p->network->losses[r];
  float *tail = p->gradients + p->network->layout.tail;
  memset(tail, 0, NNT_TAIL * sizeof *tail);
  tail[NNT_TAIL_LOSS] = (float)(sum * (double)p->scale);
}

static void bias_gradient(const pass *p, nnt_team team, int layer, const nnt_panels *dz) {
  const nnt_network *network = p->network;
  int64_t panels = nnt_panel_count(dz->columns);
  for (int64_t i = nnt_partition_begin(panels, team.threads, team.thread);
       i < nnt_partition_begin(panels, team.threads, team.thread + 1); ++i)
    network->kernels->elementwise->sum_rows(
        dz->data + i * dz->stride, dz->rows,
        p->gradients + network->layout.biases[layer] + i * NNT_PANEL);
}

/* dZ of layer - 1 from dZ of layer. */
static void input_gradient(const pass *p, nnt_team team, int layer, const nnt_panels *dz,
                           const nnt_panels *weights_transposed) {
  const nnt_network *network = p->network;
  nnt_activation activation = network->layout.layers[layer - 1].activation;
  bool linear = activation == NNT_IDENTITY;
  nnt_gemm_nn_call call = {
      .a = *dz,
      .b = *weights_transposed,
      .c = gradient_of(network, layer - 1, p->rows),
      .epilogue = linear ? NULL : network->kernels->elementwise->derive[activation],
      .auxiliary = network->auxiliary[layer - 1] != NULL ? network->auxiliary[layer - 1]
                                                         : network->values[layer].data};
  nnt_gemm_nn(network->kernels, team, &call);
}

static void backward(const pass *p, nnt_team team) {
  const nnt_network *network = p->network;
  for (int l = network->layout.layer_count - 1; l >= 0; --l) {
    nnt_panels x = first_rows(network->values[l], p->rows);
    nnt_panels dz = gradient_of(network, l, p->rows);
    nnt_panels dw = nnt_layout_weights(&network->layout, l, p->gradients);
    nnt_panels w = weights_of(network, l, p->parameters);
    nnt_panels wt = {network->transposed, w.columns, w.rows, w.columns * NNT_PANEL};
    nnt_gemm_tn(network->kernels, team, &x, &dz, &dw);
    bias_gradient(p, team, l, &dz);
    if (l > 0) nnt_transpose(team, &w, &wt);
#pragma omp barrier
    if (team.thread == 0 && p->ready != NULL) p->ready(p->context, l);
    if (l == 0) break;
    input_gradient(p, team, l, &dz, &wt);
#pragma omp barrier
  }
}

static void step(const pass *p, nnt_team team) {
  nnt_network *network = p->network;
  forward(p, team);
  nnt_loss_rows rows = loss_rows(p, team);
  nnt_loss_run(network->kernels, network->model, &rows);
#pragma omp barrier
  if (team.thread == 0) {
    sum_losses(p);
    network->forward_end = nnt_clock_seconds();
  }
  backward(p, team);
}

double nnt_network_forward_end(const nnt_network *network) {
  return network->forward_end;
}

/* A rank without samples in this batch contributes nothing, but takes part. */
static void step_without_rows(const pass *p) {
  p->network->forward_end = nnt_clock_seconds();
  const nnt_layout *layout = &p->network->layout;
  memset(p->gradients, 0, (size_t)layout->floats * sizeof(float));
  for (int l = layout->layer_count - 1; l >= 0 && p->ready != NULL; --l) p->ready(p->context, l);
}

void nnt_network_step(nnt_network *network, const float *parameters, int64_t rows, float scale,
                      float *gradients, nnt_gradient_ready ready, void *context) {
  const pass p = {network, parameters, rows, scale, gradients, ready, context};
  if (rows == 0) {
    step_without_rows(&p);
    return;
  }
  int threads = nnt_network_threads(network, rows);
  /* Even a region of one thread costs time that small networks feel. */
  if (threads == 1) {
    step(&p, (nnt_team){0, 1});
    return;
  }
#pragma omp parallel num_threads(threads)
  step(&p, (nnt_team){omp_get_thread_num(), omp_get_num_threads()});
}

void nnt_network_forward(nnt_network *network, const float *parameters, int64_t rows,
                         bool with_loss, bool with_outputs) {
  const pass p = {.network = network, .parameters = parameters, .rows = rows, .scale = 1.0F};
  if (rows == 0) return;
#pragma omp parallel num_threads(nnt_network_threads(network, rows))
  {
    nnt_team team = {omp_get_thread_num(), omp_get_num_threads()};
    forward(&p, team);
    nnt_loss_rows part = loss_rows(&p, team);
    if (with_loss) nnt_loss_run(network->kernels, network->model, &part);
    if (with_outputs)
      nnt_loss_outputs(network->kernels, network->model, &part.logits, network->losses, part.begin,
                       part.end);
  }
}
