/* Where each layer's weights and biases lie in an arena of floats. */
#include "net/layout.h"

#include <stddef.h>

#include "base/memory.h"
#include "base/partition.h"
#include "base/sha256.h"

nnt_layout nnt_layout_of(const nnt_model *model) {
  nnt_layout layout = {.layer_count = model->layer_count, .layers = model->layers};
  int64_t next = 0;
  for (int i = 0; i < model->layer_count; ++i) {
    const nnt_layer *layer = &model->layers[i];
    layout.weights[i] = next;
    next += nnt_panels_floats(layer->inputs, layer->outputs);
    layout.biases[i] = next;
    next += nnt_panel_count(layer->outputs) * NNT_PANEL;
  }
  layout.tail = next;
  layout.floats = next + NNT_TAIL;
  return layout;
}

nnt_panels nnt_layout_weights(const nnt_layout *layout, int layer, float *arena) {
  int64_t inputs = layout->layers[layer].inputs;
  return (nnt_panels){.data = arena + layout->weights[layer],
                      .rows = inputs,
                      .columns = layout->layers[layer].outputs,
                      .stride = inputs * NNT_PANEL};
}

int64_t nnt_layout_begin(const nnt_layout *layout, int layer) {
  return layout->weights[layer];
}

int64_t nnt_layout_end(const nnt_layout *layout, int layer) {
  return layer + 1 < layout->layer_count ? layout->weights[layer + 1] : layout->floats;
}

/* Offset of weight (input, output) within its layer. */
static int64_t offset_of(const nnt_layer *layer, int64_t input, int64_t output) {
  return (output / NNT_PANEL) * layer->inputs * NNT_PANEL + input * NNT_PANEL + output % NNT_PANEL;
}

void nnt_layout_export(const nnt_layout *layout, int layer, const float *arena, float *out) {
  const nnt_layer *shape = &layout->layers[layer];
  const float *weights = arena + layout->weights[layer];
  for (int64_t o = 0; o < shape->outputs; ++o) {
    for (int64_t i = 0; i < shape->inputs; ++i)
      out[o * shape->inputs + i] = weights[offset_of(shape, i, o)];
  }
}

void nnt_layout_import(const nnt_layout *layout, int layer, const float *in, float *arena) {
  const nnt_layer *shape = &layout->layers[layer];
  float *weights = arena + layout->weights[layer];
  for (int64_t o = 0; o < shape->outputs; ++o) {
    for (int64_t i = 0; i < shape->inputs; ++i)
      weights[offset_of(shape, i, o)] = in[o * shape->inputs + i];
  }
}

nnt_status nnt_layout_digest(const nnt_layout *layout, const float *arena, char *text,
                             nnt_error *error) {
  int64_t most = 0;
  for (int i = 0; i < layout->layer_count; ++i)
    most = nnt_max_i64(most, layout->layers[i].inputs * layout->layers[i].outputs);
  void *buffer = NULL;
  nnt_sha256 *hash = NULL;
  nnt_status status = nnt_memory_allocate((size_t)most * sizeof(float), "a digest", &buffer, error);
  if (status == NNT_OK) status = nnt_sha256_create(&hash, error);
  for (int i = 0; i < layout->layer_count && status == NNT_OK; ++i) {
    const nnt_layer *layer = &layout->layers[i];
    nnt_layout_export(layout, i, arena, buffer);
    status = nnt_sha256_add(hash, buffer, (size_t)(layer->inputs * layer->outputs) * sizeof(float),
                            error);
    if (status == NNT_OK)
      status = nnt_sha256_add(hash, arena + layout->biases[i],
                              (size_t)layer->outputs * sizeof(float), error);
  }
  if (status == NNT_OK) status = nnt_sha256_finish(hash, text, error);
  nnt_sha256_destroy(&hash);
  nnt_memory_free(&buffer);
  return status;
}
