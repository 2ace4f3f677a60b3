/* A network's working memory. */
#include <stdlib.h>

#include "base/partition.h"
#include "net/augment.h"
#include "net/network_internal.h"

bool nnt_stores_derivative(nnt_activation activation) {
  return activation == NNT_GELU || activation == NNT_SILU;
}

nnt_panels nnt_first_rows(nnt_panels matrix, int64_t rows) {
  matrix.rows = rows;
  return matrix;
}

nnt_panels nnt_pass_gradient(const nnt_network *network, int layer, int64_t rows) {
  nnt_panels matrix = nnt_first_rows(network->gradient[layer % 2], rows);
  matrix.columns = network->layout.layers[layer].outputs;
  return matrix;
}

static nnt_panels slice_matrix(nnt_arena *arena, int64_t rows, int64_t columns) {
  size_t bytes = (size_t)nnt_panels_floats(rows, columns) * sizeof(float);
  return (nnt_panels){.data = nnt_arena_slice(arena, bytes),
                      .rows = rows,
                      .columns = columns,
                      .stride = rows * NNT_PANEL};
}

/* For samples that are changed before the first layer reads them. */
static void slice_staged(nnt_network *network, const nnt_model *model, int64_t rows) {
  nnt_arena *arena = &network->arena;
  bool mixes = model->augmentation.mixup > 0.0, changes = nnt_augments(&model->augmentation);
  network->staged_input = network->input;
  if (mixes) network->staged_input.element = NNT_F32;
  if (!mixes && !changes) return;
  network->staged_bytes = (int64_t)nnt_align_up(
      (size_t)(nnt_model_inputs(model) * nnt_element_bytes(network->staged_input.element)));
  network->staged = nnt_arena_slice(arena, (size_t)(rows * network->staged_bytes));
  network->staged_rows = nnt_arena_slice(arena, (size_t)rows * sizeof(void *));
  if (!mixes) return;
  network->partner_rows = nnt_arena_slice(arena, (size_t)rows * sizeof(void *));
  network->partner_classes = nnt_arena_slice(arena, (size_t)rows * sizeof(int32_t));
  network->shares = nnt_arena_slice(arena, (size_t)rows * sizeof(float));
  if (changes)
    network->pairs = nnt_arena_slice(arena, (size_t)(2 * network->threads * network->staged_bytes));
}

/* Counts (arena->base NULL) or gives out all slices; the one list of what a network holds. */
static void slice_all(nnt_network *network, const nnt_model *model, int64_t rows, bool training) {
  nnt_arena *arena = &network->arena;
  bool normed = false;
  int64_t widest = 0, largest = 0, outputs = nnt_model_outputs(model);
  network->buffer_floats = nnt_input_buffer_floats(nnt_model_inputs(model), rows);
  network->buffers =
      nnt_arena_slice(arena, (size_t)(network->threads * network->buffer_floats) * sizeof(float));
  network->rows = nnt_arena_slice(arena, (size_t)rows * sizeof(void *));
  if (training) slice_staged(network, model, rows);
  for (int l = 0; l < model->layer_count; ++l) {
    const nnt_layer *layer = &model->layers[l];
    network->values[l] = slice_matrix(arena, rows, layer->outputs);
    if (training && (nnt_stores_derivative(layer->activation) || layer->dropout > 0.0))
      network->auxiliary[l] = slice_matrix(arena, rows, layer->outputs).data;
    if (training && layer->norm != NNT_NORM_NONE) {
      size_t width = (size_t)(nnt_panel_count(layer->outputs) * NNT_PANEL);
      bool by_rows = layer->norm == NNT_NORM_LAYER;
      network->normal[l] = slice_matrix(arena, rows, layer->outputs).data;
      network->inverse_deviation[l] =
          nnt_arena_slice(arena, (by_rows ? (size_t)rows : width) * sizeof(float));
      if (!by_rows) network->batch_mean[l] = nnt_arena_slice(arena, width * sizeof(float));
      normed = normed || by_rows;
    }
    widest = nnt_max_i64(widest, layer->outputs);
    if (l > 0) largest = nnt_max_i64(largest, nnt_panels_floats(layer->outputs, layer->inputs));
  }
  if (normed)
    network->norm_sums =
        nnt_arena_slice(arena, (size_t)(2 * nnt_panel_count(widest) * NNT_PANEL) * sizeof(float));
  network->gradient[0] = slice_matrix(arena, rows, training ? widest : outputs);
  for (int i = 0; i < 2 && training; ++i)
    network->transposed[i] = nnt_arena_slice(arena, (size_t)largest * sizeof(float));
  if (training) network->gradient[1] = slice_matrix(arena, rows, widest);
  if (model->target == NNT_TARGET_VALUES || model->loss == NNT_QUADRATIC)
    network->targets = slice_matrix(arena, rows, outputs);
  network->classes = nnt_arena_slice(arena, (size_t)rows * sizeof(int32_t));
  network->losses = nnt_arena_slice(arena, (size_t)rows * sizeof(float));
  if (training) network->weights = nnt_arena_slice(arena, (size_t)rows * sizeof(float));
}

size_t nnt_network_bytes(const nnt_model *model, int64_t capacity, bool training, int threads) {
  nnt_network counting = {.threads = threads, .input = {.element = NNT_F32}};
  slice_all(&counting, model, capacity, training);
  return counting.arena.used;
}

nnt_status nnt_network_create(const nnt_model *model, const nnt_kernels *kernels,
                              const nnt_input *input, int64_t capacity, bool training, int threads,
                              nnt_network **out, nnt_error *error) {
  void *memory = NULL;
  *out = NULL;
  nnt_status status = nnt_memory_allocate(sizeof(nnt_network), "a network", &memory, error);
  if (status != NNT_OK) return status;
  nnt_network *network = memory;
  capacity = nnt_max_i64(capacity, 1);
  network->model = model;
  network->kernels = kernels;
  network->layout = nnt_layout_of(model);
  network->input = *input;
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

const void **nnt_network_rows(nnt_network *network) {
  return network->rows;
}

int32_t *nnt_network_classes(nnt_network *network) {
  return network->classes;
}

nnt_panels nnt_network_targets(nnt_network *network) {
  return network->targets;
}

nnt_network_pairs nnt_network_partners(nnt_network *network) {
  return (nnt_network_pairs){.rows = network->partner_rows,
                             .classes = network->partner_classes,
                             .shares = network->shares};
}

float *nnt_network_weights(nnt_network *network) {
  return network->weights;
}

nnt_panels nnt_network_outputs(nnt_network *network) {
  return network->values[network->layout.layer_count - 1];
}

const float *nnt_network_losses(nnt_network *network) {
  return network->losses;
}

int nnt_network_threads(const nnt_network *network, int64_t rows) {
  double flops = network->flops_per_row * (double)rows;
  return nnt_team_size_next(&network->team_size, flops, network->threads);
}

double nnt_network_forward_end(const nnt_network *network) {
  return network->forward_end;
}
