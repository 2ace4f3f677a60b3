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
    int64_t padded = nnt_panel_count(layer->outputs) * NNT_PANEL;
    if (layer->norm != NNT_NORM_NONE) {
      layout.gains[i] = next;
      layout.shifts[i] = next + padded;
      next += 2 * padded;
    }
    if (layer->norm == NNT_NORM_BATCH) {
      layout.means[i] = next;
      layout.variances[i] = next + padded;
      next += 2 * padded;
    }
    layout.first_piece[i + 1] = i + 1;
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

int64_t nnt_layout_layer_end(const nnt_layout *layout, int layer) {
  return layer + 1 < layout->layer_count ? layout->weights[layer + 1] : layout->tail;
}

int64_t nnt_layout_trained_end(const nnt_layout *layout, int layer) {
  bool tracks = layout->layers[layer].norm == NNT_NORM_BATCH;
  return tracks ? layout->means[layer] : nnt_layout_layer_end(layout, layer);
}

void nnt_layout_cut(nnt_layout *layout, int64_t floats) {
  for (int l = 0; l < layout->layer_count; ++l) {
    const nnt_layer *layer = &layout->layers[l];
    int64_t pieces = nnt_ceil_div(nnt_panels_floats(layer->inputs, layer->outputs), floats);
    pieces = nnt_min_i64(nnt_max_i64(pieces, 1), nnt_panel_count(layer->outputs));
    pieces = nnt_min_i64(pieces, NNT_LAYER_PIECES);
    layout->first_piece[l + 1] = layout->first_piece[l] + (int)pieces;
  }
}

int nnt_layout_pieces(const nnt_layout *layout) {
  return layout->first_piece[layout->layer_count];
}

int nnt_layout_layer_of(const nnt_layout *layout, int piece) {
  int layer = 0;
  while (layout->first_piece[layer + 1] <= piece) ++layer;
  return layer;
}

void nnt_layout_piece_panels(const nnt_layout *layout, int piece, int64_t *begin, int64_t *end) {
  int layer = nnt_layout_layer_of(layout, piece);
  int64_t panels = nnt_panel_count(layout->layers[layer].outputs);
  int pieces = layout->first_piece[layer + 1] - layout->first_piece[layer];
  *begin = nnt_partition_begin(panels, pieces, piece - layout->first_piece[layer]);
  *end = nnt_partition_begin(panels, pieces, piece + 1 - layout->first_piece[layer]);
}

int64_t nnt_layout_piece_begin(const nnt_layout *layout, int piece) {
  int64_t begin = 0, end = 0;
  if (piece == nnt_layout_pieces(layout)) return layout->floats;
  int layer = nnt_layout_layer_of(layout, piece);
  nnt_layout_piece_panels(layout, piece, &begin, &end);
  return layout->weights[layer] + begin * layout->layers[layer].inputs * NNT_PANEL;
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
    /* What follows the weights are arrays of one float an output. */
    int64_t padded = nnt_panel_count(layer->outputs) * NNT_PANEL;
    for (int64_t at = layout->biases[i]; at < nnt_layout_layer_end(layout, i) && status == NNT_OK;
         at += padded)
      status = nnt_sha256_add(hash, arena + at, (size_t)layer->outputs * sizeof(float), error);
  }
  if (status == NNT_OK) status = nnt_sha256_finish(hash, text, error);
  nnt_sha256_destroy(&hash);
  nnt_memory_free(&buffer);
  return status;
}
