/* The description of a network. */
#include "net/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "kernels/panels.h"

static nnt_status check_width(int64_t width, const char *what, nnt_error *error) {
  if (width >= 1 && width <= NNT_MAX_WIDTH) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "a layer of an impossible size\n%s: %" PRId64 "\ngive 1 to %" PRId64 " neurons",
                  what, width, NNT_MAX_WIDTH);
}

nnt_status nnt_model_set_layers(nnt_model *model, int64_t inputs, int hidden_count,
                                const int64_t *hidden, int activation_count,
                                const nnt_activation *activations, int64_t outputs,
                                nnt_error *error) {
  if (hidden_count < 0 || hidden_count >= NNT_MAX_LAYERS)
    return nnt_fail(error, NNT_BAD_USAGE, "too many hidden layers\n%d\ngive at most %d",
                    hidden_count, NNT_MAX_LAYERS - 1);
  if (activation_count != 1 && activation_count != hidden_count)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "activations do not match the hidden layers\n%d activations, %d hidden "
                    "layers\ngive one for all layers, or one for each",
                    activation_count, hidden_count);
  nnt_status status = check_width(inputs, "inputs", error);
  if (status == NNT_OK) status = check_width(outputs, "outputs", error);
  int64_t width = inputs;
  for (int i = 0; i < hidden_count && status == NNT_OK; ++i) {
    status = check_width(hidden[i], "hidden layer", error);
    model->layers[i] = (nnt_layer){.inputs = width,
                                   .outputs = hidden[i],
                                   .activation = activations[activation_count == 1 ? 0 : i]};
    width = hidden[i];
  }
  nnt_activation last = activations[activation_count - 1];
  model->layers[hidden_count] =
      (nnt_layer){.inputs = width,
                  .outputs = outputs,
                  .activation = model->loss == NNT_QUADRATIC ? last : NNT_IDENTITY};
  model->layer_count = hidden_count + 1;
  return status;
}

nnt_status nnt_model_allocate_normalization(nnt_model *model, nnt_error *error) {
  int64_t padded = nnt_panel_count(nnt_model_inputs(model)) * NNT_PANEL;
  size_t bytes = (size_t)padded * sizeof(float);
  void *shift = NULL, *scale = NULL;
  nnt_status status = nnt_memory_allocate(bytes, "input normalisation", &shift, error);
  if (status == NNT_OK) status = nnt_memory_allocate(bytes, "input normalisation", &scale, error);
  model->shift = shift;
  model->scale = scale;
  for (int64_t i = 0; i < padded && status == NNT_OK; ++i) model->scale[i] = 1.0F;
  return status;
}

void nnt_model_clear(nnt_model *model) {
  free(model->shift);
  free(model->scale);
  free(model->class_names);
  *model = (nnt_model){0};
}

int64_t nnt_model_inputs(const nnt_model *model) {
  return model->layers[0].inputs;
}

int64_t nnt_model_outputs(const nnt_model *model) {
  return model->layers[model->layer_count - 1].outputs;
}

bool nnt_model_classifies(const nnt_model *model) {
  return model->target == NNT_TARGET_CLASS || model->loss == NNT_BINARY_CROSS_ENTROPY;
}

void nnt_model_shape_text(const nnt_model *model, char *text, size_t size) {
  int used = snprintf(text, size, "%" PRId64, nnt_model_inputs(model));
  for (int i = 0; i < model->layer_count && used > 0 && (size_t)used < size; ++i)
    used += snprintf(text + used, size - (size_t)used, "-%" PRId64, model->layers[i].outputs);
}
