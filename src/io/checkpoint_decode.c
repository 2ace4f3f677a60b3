/* Reading a checkpoint from memory. Its checksum is verified first, so what is checked here is
 * whether a whole file is one that this program understands. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "data/sample_order.h"
#include "hdf5/h5.h"
#include "io/checkpoint.h"
#include "layers/layer_kind.h"

/* The file being read and the first error; after one, every call does nothing. */
typedef struct reader {
  nnt_h5 *file;
  nnt_status status;
  nnt_error *error;
} reader;

static void refuse(reader *r, const char *what) {
  if (r->status == NNT_OK)
    r->status = nnt_fail(r->error, NNT_BAD_INPUT,
                         "not a checkpoint of this program\n%s: %s\nuse another checkpoint, or "
                         "the nntrain that wrote it",
                         nnt_h5_name(r->file), what);
}

static int64_t get_int(reader *r, const char *path, const char *name) {
  int64_t value = 0;
  if (r->status == NNT_OK) r->status = nnt_h5_get_int(r->file, path, name, &value, r->error);
  return value;
}

static double get_real(reader *r, const char *path, const char *name) {
  double value = 0.0;
  if (r->status == NNT_OK) r->status = nnt_h5_get_real(r->file, path, name, &value, r->error);
  return value;
}

/* Copies a string attribute; "" after an error. */
static void get_text(reader *r, const char *path, const char *name, char *out, size_t size) {
  char *text = NULL;
  out[0] = '\0';
  if (r->status == NNT_OK) r->status = nnt_h5_get_string(r->file, path, name, &text, r->error);
  if (text != NULL) (void)snprintf(out, size, "%s", text);
  free(text);
}

static void *allocate(reader *r, size_t bytes) {
  void *memory = NULL;
  if (r->status == NNT_OK)
    r->status = nnt_memory_allocate(bytes, "a checkpoint", &memory, r->error);
  return memory;
}

/* A float32 dataset of exactly this shape. */
static void get_array(reader *r, const char *path, int64_t rows, int64_t columns, float *out) {
  nnt_h5_dataset found = {0};
  if (r->status == NNT_OK) r->status = nnt_h5_describe(r->file, path, &found, r->error);
  if (r->status != NNT_OK) return;
  bool matches = found.rank == (columns > 0 ? 2 : 1) && found.dims[0] == rows &&
                 (columns == 0 || found.dims[1] == columns);
  if (!matches) {
    refuse(r, path);
    return;
  }
  r->status = nnt_h5_read_rows(r->file, path, 0, rows, NNT_H5_F32, out, r->error);
}

static void get_tensor(reader *r, const char *group, const nnt_tensor *tensor, float *arena) {
  char path[96];
  void *values = allocate(r, (size_t)nnt_tensor_elements(tensor) * sizeof(float));
  (void)snprintf(path, sizeof path, "%s/layers/%d/%s", group, tensor->layer, tensor->name);
  get_array(r, path, tensor->outputs, tensor->inputs, values);
  if (r->status == NNT_OK) nnt_tensor_import(tensor, values, arena);
  nnt_memory_free(&values);
}

static void get_arena(reader *r, const char *group, const nnt_layout *layout, bool is_model,
                      float **arena) {
  *arena = allocate(r, (size_t)layout->floats * sizeof(float));
  for (int i = 0; i < layout->tensor_count && r->status == NNT_OK; ++i) {
    const nnt_tensor *tensor = &layout->tensors[i];
    if (is_model || !tensor->statistic) get_tensor(r, group, tensor, *arena);
  }
}

static void get_layer(reader *r, nnt_model *model, int index) {
  char path[64], name[64];
  nnt_h5_dataset weight = {0};
  nnt_layer *layer = &model->layers[index];
  (void)snprintf(path, sizeof path, "/model/layers/%d", index);
  get_text(r, path, "activation", name, sizeof name);
  if (r->status == NNT_OK) r->status = nnt_activation_parse(name, &layer->activation, r->error);
  if (r->status == NNT_OK && nnt_h5_has_attribute(r->file, path, "normalization")) {
    get_text(r, path, "normalization", name, sizeof name);
    if (r->status == NNT_OK && nnt_norm_parse(name, &layer->norm, NULL) != NNT_OK)
      refuse(r, "attribute normalization of a layer");
  }
  if (r->status == NNT_OK && nnt_h5_has_attribute(r->file, path, "frozen"))
    layer->frozen = get_int(r, path, "frozen") != 0;
  (void)snprintf(path, sizeof path, "/model/layers/%d/weight", index);
  if (r->status == NNT_OK) r->status = nnt_h5_describe(r->file, path, &weight, r->error);
  layer->outputs = weight.dims[0];
  layer->inputs = weight.dims[1];
  bool fits = weight.rank == 2 && layer->outputs >= 1 && layer->outputs <= NNT_MAX_WIDTH &&
              layer->inputs >= 1 && layer->inputs <= NNT_MAX_WIDTH;
  if (!fits || (index > 0 && layer->inputs != model->layers[index - 1].outputs)) refuse(r, path);
}

static void get_model(reader *r, nnt_model *model) {
  char text[64];
  get_text(r, "/model", "loss", text, sizeof text);
  if (r->status == NNT_OK) r->status = nnt_loss_parse(text, &model->loss, r->error);
  get_text(r, "/model", "target", text, sizeof text);
  model->target = strcmp(text, "class") == 0 ? NNT_TARGET_CLASS : NNT_TARGET_VALUES;
  get_text(r, "/model", "normalization", text, sizeof text);
  if (r->status == NNT_OK)
    r->status = nnt_normalization_parse(text, &model->normalization, r->error);
  int64_t layers = get_int(r, "/model", "layer_count");
  if (layers < 1 || layers > NNT_MAX_LAYERS) refuse(r, "attribute layer_count");
  for (int l = 0; l < layers && r->status == NNT_OK; ++l) get_layer(r, model, l);
  if (r->status != NNT_OK) return;
  model->layer_count = (int)layers;
  r->status = nnt_model_allocate_normalization(model, r->error);
  get_array(r, "/model/input_shift", nnt_model_inputs(model), 0, model->shift);
  get_array(r, "/model/input_scale", nnt_model_inputs(model), 0, model->scale);
  if (r->status == NNT_OK && nnt_h5_has_attribute(r->file, "/model", "class_names"))
    r->status = nnt_h5_get_strings(r->file, "/model", "class_names", &model->class_names,
                                   &model->class_name_count, r->error);
}

/* What formats 1 and 2 knew nothing of: their only optimiser was sgd. */
static void get_newer_settings(reader *r, nnt_optimizer_settings *settings) {
  if (r->status != NNT_OK || !nnt_h5_has_attribute(r->file, "/optimizer", "beta1")) return;
  settings->beta1 = get_real(r, "/optimizer", "beta1");
  settings->beta2 = get_real(r, "/optimizer", "beta2");
  settings->alpha = get_real(r, "/optimizer", "alpha");
  settings->epsilon = get_real(r, "/optimizer", "epsilon");
  settings->trust = get_real(r, "/optimizer", "trust");
  settings->clip_norm = get_real(r, "/optimizer", "clip_norm");
  settings->clip_value = get_real(r, "/optimizer", "clip_value");
  settings->l1 = get_real(r, "/optimizer", "l1");
  settings->max_norm = get_real(r, "/optimizer", "max_norm");
}

static void get_optimizer(reader *r, nnt_checkpoint *checkpoint, const nnt_layout *layout) {
  nnt_optimizer_settings *settings = &checkpoint->optimizer;
  char name[64];
  get_text(r, "/optimizer", "name", name, sizeof name);
  if (r->status == NNT_OK) r->status = nnt_optimizer_parse(name, &settings->kind, r->error);
  nnt_optimizer_settings_default(settings->kind, settings);
  settings->learning_rate = get_real(r, "/optimizer", "learning_rate");
  settings->momentum = get_real(r, "/optimizer", "momentum");
  settings->weight_decay = get_real(r, "/optimizer", "weight_decay");
  settings->nesterov = get_int(r, "/optimizer", "nesterov") != 0;
  get_newer_settings(r, settings);
  for (int s = 0; s < nnt_optimizer_slots(settings) && r->status == NNT_OK; ++s) {
    char path[64];
    (void)snprintf(path, sizeof path, "/optimizer/%s", nnt_optimizer_slot_name(settings, s));
    if (nnt_h5_exists(r->file, path)) get_arena(r, path, layout, false, &checkpoint->slots[s]);
  }
}

/* A checkpoint that says nothing is of a full shuffle. */
static void get_shuffling(reader *r, nnt_shuffling *shuffling) {
  char text[64];
  *shuffling = (nnt_shuffling){.kind = NNT_SHUFFLE_FULL};
  if (r->status != NNT_OK || !nnt_h5_has_attribute(r->file, "/state", "shuffle")) return;
  get_text(r, "/state", "shuffle", text, sizeof text);
  if (r->status == NNT_OK) r->status = nnt_shuffle_parse(text, &shuffling->kind, r->error);
  if (shuffling->kind == NNT_SHUFFLE_AUTO) refuse(r, "attribute shuffle");
  if (shuffling->kind != NNT_SHUFFLE_WINDOWED) return;
  shuffling->block = get_int(r, "/state", "shuffle_block");
  shuffling->window = get_int(r, "/state", "shuffle_window");
  if (shuffling->block < 1 || shuffling->window < shuffling->block ||
      shuffling->window % shuffling->block != 0)
    refuse(r, "attributes shuffle_block and shuffle_window");
}

/* A text that not every checkpoint has. */
static void get_optional(reader *r, const char *name, char *text, size_t size) {
  if (r->status == NNT_OK && nnt_h5_has_attribute(r->file, "/state", name))
    get_text(r, "/state", name, text, size);
}

/* A checkpoint that says nothing was made between two epochs. */
static void get_position(reader *r, nnt_train_state *state) {
  if (r->status != NNT_OK || !nnt_h5_has_attribute(r->file, "/state", "epoch_step")) return;
  state->epoch_step = get_int(r, "/state", "epoch_step");
  state->epoch_loss = get_real(r, "/state", "epoch_loss");
  state->epoch_seconds = get_real(r, "/state", "epoch_seconds");
  if (r->status != NNT_OK) return;
  if (state->samples < 1 || state->batch_size < 1)
    refuse(r, "attributes samples and batch_size");
  else if (state->epoch_step < 0 ||
           state->epoch_step > nnt_ceil_div(state->samples, state->batch_size))
    refuse(r, "attribute epoch_step");
}

static void get_state(reader *r, nnt_train_state *state) {
  char text[64];
  state->epoch = get_int(r, "/state", "epoch");
  state->step = get_int(r, "/state", "step");
  state->seed = (uint64_t)get_int(r, "/state", "seed");
  state->batch_size = get_int(r, "/state", "batch_size");
  state->samples = get_int(r, "/state", "samples");
  /* Checkpoints of older versions were summed in any order. */
  if (r->status == NNT_OK && nnt_h5_has_attribute(r->file, "/state", "granules"))
    state->granules = get_int(r, "/state", "granules");
  state->best_loss = get_real(r, "/state", "best_loss");
  state->best_epoch = get_int(r, "/state", "best_epoch");
  get_position(r, state);
  get_shuffling(r, &state->shuffling);
  get_optional(r, "selection", state->selection, sizeof state->selection);
  get_optional(r, "data_digest", state->data_digest, sizeof state->data_digest);
  get_text(r, "/state", "initializer", text, sizeof text);
  if (r->status == NNT_OK) r->status = nnt_initializer_parse(text, &state->initializer, r->error);
}

static void get_column(reader *r, const char *path, int64_t count, double *out) {
  nnt_h5_dataset found = {0};
  if (r->status == NNT_OK) r->status = nnt_h5_describe(r->file, path, &found, r->error);
  if (r->status == NNT_OK && (found.rank != 1 || found.dims[0] != count)) refuse(r, path);
  if (r->status == NNT_OK && count > 0)
    r->status = nnt_h5_read_rows(r->file, path, 0, count, NNT_H5_F64, out, r->error);
}

static void get_history(reader *r, nnt_checkpoint *checkpoint) {
  int64_t count = checkpoint->state.epoch;
  if (count < 0 || count > INT32_MAX) refuse(r, "attribute epoch");
  double *column = allocate(r, (size_t)count * sizeof(double));
  nnt_history_entry *history = allocate(r, (size_t)count * sizeof *history);
  checkpoint->history = history;
  get_column(r, "/history/epoch", count, column);
  for (int64_t i = 0; i < count && r->status == NNT_OK; ++i) history[i].epoch = (int64_t)column[i];
  get_column(r, "/history/train_loss", count, column);
  for (int64_t i = 0; i < count && r->status == NNT_OK; ++i) history[i].train_loss = column[i];
  get_column(r, "/history/validation_loss", count, column);
  for (int64_t i = 0; i < count && r->status == NNT_OK; ++i) history[i].validation_loss = column[i];
  get_column(r, "/history/validation_accuracy", count, column);
  for (int64_t i = 0; i < count && r->status == NNT_OK; ++i)
    history[i].validation_accuracy = column[i];
  if (r->status == NNT_OK) checkpoint->history_count = count;
  free(column);
}

static void get_run_file(reader *r, char **out) {
  nnt_h5_dataset found = {0};
  if (r->status != NNT_OK || !nnt_h5_exists(r->file, "/run_file")) return;
  r->status = nnt_h5_describe(r->file, "/run_file", &found, r->error);
  if (r->status == NNT_OK && (found.rank != 1 || found.dims[0] < 1)) refuse(r, "/run_file");
  char *text = allocate(r, (size_t)found.dims[0] + 1);
  *out = text;
  if (r->status == NNT_OK)
    r->status = nnt_h5_read_rows(r->file, "/run_file", 0, found.dims[0], NNT_H5_U8, text, r->error);
  if (r->status == NNT_OK) text[found.dims[0]] = '\0';
}

nnt_status nnt_checkpoint_decode(const char *name, const void *bytes, size_t size,
                                 nnt_checkpoint **out, nnt_error *error) {
  *out = NULL;
  reader r = {.status = nnt_checkpoint_verify(name, bytes, size, error), .error = error};
  nnt_checkpoint *checkpoint = allocate(&r, sizeof *checkpoint);
  if (r.status == NNT_OK) r.status = nnt_h5_open_image(name, bytes, size, &r.file, error);
  if (r.status == NNT_OK) {
    get_model(&r, &checkpoint->model);
    nnt_layout layout = {0};
    if (r.status == NNT_OK) layout = nnt_layout_of(&checkpoint->model);
    if (r.status == NNT_OK) get_arena(&r, "/model", &layout, true, &checkpoint->parameters);
    get_optimizer(&r, checkpoint, &layout);
    get_state(&r, &checkpoint->state);
    get_history(&r, checkpoint);
    if (r.status == NNT_OK) get_run_file(&r, &checkpoint->run_file);
  }
  nnt_h5_destroy(&r.file);
  if (r.status != NNT_OK) {
    nnt_checkpoint_destroy(&checkpoint);
    return r.status;
  }
  *out = checkpoint;
  return NNT_OK;
}

void nnt_checkpoint_destroy(nnt_checkpoint **checkpoint) {
  if (*checkpoint == NULL) return;
  nnt_model_clear(&(*checkpoint)->model);
  free((*checkpoint)->parameters);
  for (int s = 0; s < NNT_OPTIMIZER_SLOTS; ++s) free((*checkpoint)->slots[s]);
  free((*checkpoint)->history);
  free((*checkpoint)->run_file);
  free(*checkpoint);
  *checkpoint = NULL;
}
