/* Writing a checkpoint to memory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/sample_order.h"
#include "hdf5/h5.h"
#include "io/checkpoint.h"
#include "io/checkpoint_header.h"
#include "layers/layer_kind.h"
#include "net/activation_table.h"

/* The file being written and the first error; after one, every call does nothing. */
typedef struct writer {
  nnt_h5 *file;
  nnt_status status;
  nnt_error *error;
} writer;

static void put_group(writer *w, const char *path) {
  if (w->status == NNT_OK) w->status = nnt_h5_make_group(w->file, path, w->error);
}

static void put_int(writer *w, const char *path, const char *name, int64_t value) {
  if (w->status == NNT_OK) w->status = nnt_h5_set_int(w->file, path, name, value, w->error);
}

static void put_real(writer *w, const char *path, const char *name, double value) {
  if (w->status == NNT_OK) w->status = nnt_h5_set_real(w->file, path, name, value, w->error);
}

static void put_text(writer *w, const char *path, const char *name, const char *value) {
  if (w->status == NNT_OK) w->status = nnt_h5_set_string(w->file, path, name, value, w->error);
}

static void put_strings(writer *w, const char *path, const char *name, char *const *values,
                        int64_t count) {
  if (w->status == NNT_OK)
    w->status = nnt_h5_set_strings(w->file, path, name, values, count, w->error);
}

static void put_array(writer *w, const char *path, nnt_h5_type type, int rank, const int64_t *dims,
                      const void *data) {
  if (w->status == NNT_OK)
    w->status = nnt_h5_write(w->file, path, type, rank, dims, data, w->error);
}

static void put_tensor(writer *w, const char *group, const nnt_tensor *tensor, const float *arena) {
  const int64_t dims[2] = {tensor->outputs, tensor->inputs};
  char path[96];
  void *values = NULL;
  if (w->status == NNT_OK)
    w->status = nnt_memory_allocate((size_t)nnt_tensor_elements(tensor) * sizeof(float),
                                    "a checkpoint", &values, w->error);
  if (w->status != NNT_OK) return;
  nnt_tensor_export(tensor, arena, values);
  (void)snprintf(path, sizeof path, "%s/layers/%d/%s", group, tensor->layer, tensor->name);
  put_array(w, path, NNT_H5_F32, tensor->inputs > 0 ? 2 : 1, dims, values);
  nnt_memory_free(&values);
}

/* One arena as GROUP/layers/I/NAME; statistics have no optimiser state. */
static void put_arena(writer *w, const char *group, const nnt_layout *layout, const float *arena,
                      bool is_model) {
  for (int l = 0; l < layout->layer_count; ++l) {
    char path[96];
    (void)snprintf(path, sizeof path, "%s/layers/%d", group, l);
    put_group(w, path);
    for (int i = layout->first_tensor[l]; i < layout->first_tensor[l + 1]; ++i) {
      const nnt_tensor *tensor = &layout->tensors[i];
      if (is_model || !tensor->statistic) put_tensor(w, group, tensor, arena);
    }
  }
}

/* What the layer is, for this program, and the classes of torch.nn that it is made of. */
static void put_layer(writer *w, const nnt_layer *layer, const char *path) {
  const nnt_layer_kind *norm = nnt_norm_kind(layer->norm);
  const char *classes[] = {nnt_dense_kind.pytorch, norm != NULL ? norm->pytorch : NULL,
                           nnt_activation_row_of(layer->activation)->pytorch};
  char texts[3][24], *names[3];
  int count = 0;
  for (int i = 0; i < 3; ++i) {
    if (classes[i] == NULL) continue;
    (void)snprintf(texts[count], sizeof texts[count], "%s", classes[i]);
    names[count] = texts[count];
    ++count;
  }
  put_text(w, path, "activation", nnt_activation_name(layer->activation));
  put_strings(w, path, "pytorch", names, count);
  if (norm != NULL) put_text(w, path, "normalization", nnt_norm_name(layer->norm));
  if (layer->frozen) put_int(w, path, "frozen", 1);
}

static void put_model(writer *w, const nnt_checkpoint *checkpoint, const nnt_layout *layout) {
  const nnt_model *model = &checkpoint->model;
  const int64_t inputs = nnt_model_inputs(model);
  put_group(w, "/model");
  put_text(w, "/model", "loss", nnt_loss_name(model->loss));
  put_text(w, "/model", "target", model->target == NNT_TARGET_CLASS ? "class" : "values");
  put_text(w, "/model", "normalization", nnt_normalization_name(model->normalization));
  put_int(w, "/model", "layer_count", model->layer_count);
  put_arena(w, "/model", layout, checkpoint->parameters, true);
  for (int l = 0; l < model->layer_count; ++l) {
    char path[64];
    (void)snprintf(path, sizeof path, "/model/layers/%d", l);
    put_layer(w, &model->layers[l], path);
  }
  put_array(w, "/model/input_shift", NNT_H5_F32, 1, &inputs, model->shift);
  put_array(w, "/model/input_scale", NNT_H5_F32, 1, &inputs, model->scale);
  if (model->class_names != NULL)
    put_strings(w, "/model", "class_names", model->class_names, model->class_name_count);
}

static void put_optimizer(writer *w, const nnt_checkpoint *checkpoint, const nnt_layout *layout) {
  const nnt_optimizer_settings *settings = &checkpoint->optimizer;
  put_group(w, "/optimizer");
  put_text(w, "/optimizer", "name", nnt_optimizer_name(settings->kind));
  put_real(w, "/optimizer", "learning_rate", settings->learning_rate);
  put_real(w, "/optimizer", "momentum", settings->momentum);
  put_real(w, "/optimizer", "weight_decay", settings->weight_decay);
  put_int(w, "/optimizer", "nesterov", settings->nesterov);
  put_real(w, "/optimizer", "beta1", settings->beta1);
  put_real(w, "/optimizer", "beta2", settings->beta2);
  put_real(w, "/optimizer", "alpha", settings->alpha);
  put_real(w, "/optimizer", "epsilon", settings->epsilon);
  put_real(w, "/optimizer", "trust", settings->trust);
  put_real(w, "/optimizer", "clip_norm", settings->clip_norm);
  put_real(w, "/optimizer", "clip_value", settings->clip_value);
  put_real(w, "/optimizer", "l1", settings->l1);
  put_real(w, "/optimizer", "max_norm", settings->max_norm);
  for (int s = 0; s < nnt_optimizer_slots(settings); ++s) {
    char path[64];
    (void)snprintf(path, sizeof path, "/optimizer/%s", nnt_optimizer_slot_name(settings, s));
    if (checkpoint->slots[s] != NULL) put_arena(w, path, layout, checkpoint->slots[s], false);
  }
}

static void put_state(writer *w, const nnt_train_state *state) {
  put_group(w, "/state");
  put_int(w, "/state", "epoch", state->epoch);
  put_int(w, "/state", "step", state->step);
  put_int(w, "/state", "seed", (int64_t)state->seed);
  put_int(w, "/state", "batch_size", state->batch_size);
  put_int(w, "/state", "samples", state->samples);
  put_text(w, "/state", "shuffle", nnt_shuffle_name(state->shuffling.kind));
  if (state->shuffling.kind == NNT_SHUFFLE_WINDOWED) {
    put_int(w, "/state", "shuffle_block", state->shuffling.block);
    put_int(w, "/state", "shuffle_window", state->shuffling.window);
  }
  if (state->selection[0] != '\0') put_text(w, "/state", "selection", state->selection);
  if (state->data_digest[0] != '\0') put_text(w, "/state", "data_digest", state->data_digest);
  put_int(w, "/state", "granules", state->granules);
  put_text(w, "/state", "initializer", nnt_initializer_name(state->initializer));
  put_real(w, "/state", "best_loss", state->best_loss);
  put_int(w, "/state", "best_epoch", state->best_epoch);
  put_int(w, "/state", "epoch_step", state->epoch_step);
  put_real(w, "/state", "epoch_loss", state->epoch_loss);
  put_real(w, "/state", "epoch_seconds", state->epoch_seconds);
}

/* One column of the history, as a dataset of its own. */
static void put_history(writer *w, const nnt_checkpoint *checkpoint) {
  const int64_t count = checkpoint->history_count;
  const nnt_history_entry *history = checkpoint->history;
  void *memory = NULL;
  if (w->status == NNT_OK)
    w->status =
        nnt_memory_allocate((size_t)count * sizeof(double), "the history", &memory, w->error);
  if (w->status != NNT_OK) return;
  double *column = memory;
  put_group(w, "/history");
  for (int64_t i = 0; i < count; ++i) column[i] = (double)history[i].epoch;
  put_array(w, "/history/epoch", NNT_H5_F64, 1, &count, column);
  for (int64_t i = 0; i < count; ++i) column[i] = history[i].train_loss;
  put_array(w, "/history/train_loss", NNT_H5_F64, 1, &count, column);
  for (int64_t i = 0; i < count; ++i) column[i] = history[i].validation_loss;
  put_array(w, "/history/validation_loss", NNT_H5_F64, 1, &count, column);
  for (int64_t i = 0; i < count; ++i) column[i] = history[i].validation_accuracy;
  put_array(w, "/history/validation_accuracy", NNT_H5_F64, 1, &count, column);
  nnt_memory_free(&memory);
}

static void put_run_file(writer *w, const char *text) {
  if (text == NULL || text[0] == '\0') return;
  const int64_t length = (int64_t)strlen(text);
  put_array(w, "/run_file", NNT_H5_U8, 1, &length, text);
}

nnt_status nnt_checkpoint_encode(const nnt_checkpoint *checkpoint, void **bytes, size_t *size,
                                 nnt_error *error) {
  nnt_layout layout = nnt_layout_of(&checkpoint->model);
  writer w = {.status = NNT_OK, .error = error};
  *bytes = NULL;
  *size = 0;
  w.status = nnt_h5_create_image("a checkpoint", NNT_CHECKPOINT_HEADER, &w.file, error);
  put_text(&w, "/", "format", "nntrain-checkpoint");
  put_int(&w, "/", "format_version", NNT_CHECKPOINT_VERSION);
  put_text(&w, "/", "nntrain_version", NNT_VERSION);
  put_model(&w, checkpoint, &layout);
  put_optimizer(&w, checkpoint, &layout);
  put_state(&w, &checkpoint->state);
  put_history(&w, checkpoint);
  put_run_file(&w, checkpoint->run_file);
  if (w.status == NNT_OK) w.status = nnt_h5_image(w.file, bytes, size, error);
  nnt_h5_destroy(&w.file);
  char header[NNT_CHECKPOINT_HEADER];
  if (w.status == NNT_OK)
    w.status = nnt_checkpoint_header(*bytes, *size, NNT_CHECKPOINT_VERSION, header, error);
  if (w.status != NNT_OK || *bytes == NULL) {
    nnt_memory_free(bytes);
    return w.status;
  }
  memcpy(*bytes, header, sizeof header);
  return NNT_OK;
}
