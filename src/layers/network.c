/* A network's working memory. */
#include <stdlib.h>

#include "base/partition.h"
#include "layers/network_state.h"
#include "net/augment.h"

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

/* Units that own their values: the others' are their source's. */
static bool owns(const nnt_unit *unit) {
  return unit->kind->finish == NULL && !unit->kind->in_place;
}

/* The last unit that works in the same place as `owner`. */
static int end_of_place(const nnt_network *network, int owner) {
  int last = owner;
  for (int u = owner + 1; u < network->unit_count && !owns(&network->units[u]); ++u)
    if (network->units[u].kind->finish == NULL) last = u;
  return last;
}

/* Time runs through the units' forward passes, 0 to U - 1, the loss, U, and the backward passes in
 * reverse. */
static int backward_time(const nnt_network *network, int unit) {
  return 2 * network->unit_count - unit;
}

/* The next unit that has a pass of its own. */
static int next_above(const nnt_network *network, int unit) {
  do ++unit;
  while (unit < network->unit_count && network->units[unit].kind->finish != NULL);
  return unit;
}

/* Values stay until they are no longer read, in evaluation by the unit above, in training by this
 * unit's backward pass; those of the last unit are the caller's. Gradients are written by the
 * unit above, or the loss. */
static void plan_values(nnt_network *network, nnt_workspace *w, int owner) {
  nnt_unit *unit = &network->units[owner];
  int last = end_of_place(network, owner), above = next_above(network, last);
  bool is_output = above == network->unit_count;
  int values_end = is_output ? NNT_TIME_END : w->training ? backward_time(network, owner) : above;
  nnt_buffers_add(w->buffers, nnt_workspace_matrix(w, unit), owner, values_end, &unit->values.data);
  if (!is_output && !(w->training && unit->reached)) return;
  int written = is_output ? network->unit_count : backward_time(network, above);
  nnt_buffers_add(w->buffers, nnt_workspace_matrix(w, unit), written,
                  w->training ? backward_time(network, owner) : written, &unit->gradient.data);
}

static void plan_unit(nnt_network *network, nnt_workspace *w, int number) {
  nnt_unit *unit = &network->units[number];
  int prepares = number + 1;
  while (prepares < network->unit_count && network->units[prepares].kind->prepare == NULL)
    ++prepares;
  w->forward = number;
  w->prepared = backward_time(network, prepares);
  w->backward = backward_time(network, number);
  if (owns(unit)) plan_values(network, w, number);
  if (w->training && unit->kind->finish == NULL && nnt_unit_stores_derivative(unit))
    nnt_buffers_add(w->buffers, nnt_workspace_matrix(w, unit), w->forward, w->backward,
                    &unit->auxiliary);
  if (unit->kind->workspace != NULL) unit->kind->workspace(w, unit);
}

static void set_shape(nnt_panels *matrix, int64_t rows, int64_t columns) {
  matrix->rows = rows;
  matrix->columns = columns;
  matrix->stride = rows * NNT_PANEL;
}

static void slice_units(nnt_network *network, int64_t rows, bool training) {
  nnt_buffers buffers = {.count = 0};
  nnt_workspace w = {
      .buffers = &buffers, .units = network->units, .rows = rows, .training = training};
  for (int u = 0; u < network->unit_count; ++u) plan_unit(network, &w, u);
  nnt_buffers_place(&buffers, &network->arena);
  for (int u = 0; u < network->unit_count; ++u) {
    nnt_unit *unit = &network->units[u];
    if (unit->kind->in_place) {
      unit->values.data = network->units[unit->source].values.data;
      unit->gradient.data = network->units[unit->source].gradient.data;
    }
    set_shape(&unit->values, rows, unit->outputs);
    set_shape(&unit->gradient, rows, unit->outputs);
  }
}

/* Counts (arena->base NULL) or gives out all slices; the one list of what a network holds. */
static void slice_all(nnt_network *network, const nnt_model *model, int64_t rows, bool training) {
  nnt_arena *arena = &network->arena;
  int64_t outputs = nnt_model_outputs(model);
  network->buffer_floats = nnt_input_buffer_floats(nnt_model_inputs(model), rows);
  network->buffers =
      nnt_arena_slice(arena, (size_t)(network->threads * network->buffer_floats) * sizeof(float));
  network->rows = nnt_arena_slice(arena, (size_t)rows * sizeof(void *));
  if (training) slice_staged(network, model, rows);
  slice_units(network, rows, training);
  if (model->target == NNT_TARGET_VALUES || model->loss == NNT_QUADRATIC) {
    set_shape(&network->targets, rows, outputs);
    network->targets.data =
        nnt_arena_slice(arena, (size_t)nnt_panels_floats(rows, outputs) * sizeof(float));
  }
  network->classes = nnt_arena_slice(arena, (size_t)rows * sizeof(int32_t));
  network->losses = nnt_arena_slice(arena, (size_t)rows * sizeof(float));
  if (training) network->weights = nnt_arena_slice(arena, (size_t)rows * sizeof(float));
}

size_t nnt_network_bytes(const nnt_model *model, int64_t capacity, bool training, int threads) {
  nnt_network counting = {.threads = threads, .input = {.element = NNT_F32}};
  counting.unit_count = nnt_units_of(model, counting.units);
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
  network->unit_count = nnt_units_of(model, network->units);
  network->input = *input;
  network->threads = threads;
  network->flops_per_row = (training ? 6.0 : 2.0) * (double)nnt_layout_parameters(&network->layout);
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
  return nnt_network_last(network)->values;
}

const nnt_unit *nnt_network_last(const nnt_network *network) {
  int last = network->unit_count - 1;
  while (network->units[last].kind->finish != NULL) --last;
  return &network->units[last];
}

int64_t nnt_network_gathered_floats(const nnt_model *model) {
  nnt_unit units[NNT_MAX_UNITS];
  int count = nnt_units_of(model, units);
  int64_t most = 0;
  for (int u = 0; u < count; ++u) {
    if (units[u].kind->gathered != NULL && !units[u].frozen)
      most = nnt_max_i64(most, units[u].kind->gathered(&model->layers[units[u].layer]));
  }
  return most;
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
