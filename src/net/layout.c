/* Where each layer's parameters lie in an arena of floats. */
#include "net/layout.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "base/sha256.h"

nnt_layout nnt_layout_begin(const nnt_model *model) {
  return (nnt_layout){.layer_count = model->layer_count, .layers = model->layers};
}

int nnt_layout_add(nnt_layout *layout, nnt_tensor tensor) {
  assert(layout->tensor_count < NNT_MAX_TENSORS);
  int64_t rows = tensor.inputs > 0 ? tensor.inputs : 1;
  tensor.offset = layout->floats;
  tensor.floats = nnt_panels_floats(rows, tensor.outputs);
  tensor.trained = !tensor.statistic && !layout->layers[tensor.layer].frozen;
  layout->tensors[layout->tensor_count] = tensor;
  layout->floats += tensor.floats;
  layout->first_tensor[tensor.layer + 1] = layout->tensor_count + 1;
  return layout->tensor_count++;
}

int nnt_layout_add_vector(nnt_layout *layout, int layer, const char *name, nnt_tensor_start start,
                          bool statistic) {
  return nnt_layout_add(layout, (nnt_tensor){.name = name,
                                             .layer = layer,
                                             .outputs = layout->layers[layer].outputs,
                                             .start = start,
                                             .statistic = statistic});
}

void nnt_layout_end(nnt_layout *layout) {
  layout->tail = layout->floats;
  layout->floats += NNT_TAIL;
  for (int l = 0; l < layout->layer_count; ++l) layout->first_bucket[l + 1] = l + 1;
}

const nnt_tensor *nnt_layout_tensor(const nnt_layout *layout, int layer, const char *name) {
  for (int i = layout->first_tensor[layer]; i < layout->first_tensor[layer + 1]; ++i)
    if (strcmp(layout->tensors[i].name, name) == 0) return &layout->tensors[i];
  return NULL;
}

const nnt_tensor *nnt_layout_tensor_at(const nnt_layout *layout, int64_t offset) {
  const nnt_tensor *tensor = layout->tensors;
  while (offset >= tensor->offset + tensor->floats) ++tensor;
  return tensor;
}

int64_t nnt_layout_layer_begin(const nnt_layout *layout, int layer) {
  return layer < layout->layer_count ? layout->tensors[layout->first_tensor[layer]].offset
                                     : layout->tail;
}

int64_t nnt_layout_layer_end(const nnt_layout *layout, int layer) {
  return nnt_layout_layer_begin(layout, layer + 1);
}

int64_t nnt_layout_parameters(const nnt_layout *layout) {
  int64_t sum = 0;
  for (int i = 0; i < layout->tensor_count; ++i)
    sum += layout->tensors[i].statistic ? 0 : nnt_tensor_elements(&layout->tensors[i]);
  return sum;
}

/* --- buckets --- */

void nnt_layout_cut(nnt_layout *layout, int64_t floats) {
  for (int l = 0; l < layout->layer_count; ++l) {
    const nnt_tensor *weights = &layout->tensors[layout->first_tensor[l]];
    int64_t buckets = nnt_ceil_div(weights->floats, floats);
    buckets = nnt_min_i64(nnt_max_i64(buckets, 1), nnt_panel_count(weights->outputs));
    buckets = nnt_min_i64(buckets, NNT_LAYER_BUCKETS);
    layout->first_bucket[l + 1] = layout->first_bucket[l] + (int)buckets;
  }
}

int nnt_layout_buckets(const nnt_layout *layout) {
  return layout->first_bucket[layout->layer_count];
}

int nnt_layout_layer_of(const nnt_layout *layout, int bucket) {
  int layer = 0;
  while (layout->first_bucket[layer + 1] <= bucket) ++layer;
  return layer;
}

void nnt_layout_bucket_panels(const nnt_layout *layout, int bucket, int64_t *begin, int64_t *end) {
  int layer = nnt_layout_layer_of(layout, bucket);
  int64_t panels = nnt_panel_count(layout->layers[layer].outputs);
  int buckets = layout->first_bucket[layer + 1] - layout->first_bucket[layer];
  *begin = nnt_partition_begin(panels, buckets, bucket - layout->first_bucket[layer]);
  *end = nnt_partition_begin(panels, buckets, bucket + 1 - layout->first_bucket[layer]);
}

int64_t nnt_layout_bucket_begin(const nnt_layout *layout, int bucket) {
  int64_t begin = 0, end = 0;
  if (bucket == nnt_layout_buckets(layout)) return layout->floats;
  int layer = nnt_layout_layer_of(layout, bucket);
  nnt_layout_bucket_panels(layout, bucket, &begin, &end);
  return nnt_layout_layer_begin(layout, layer) + begin * layout->layers[layer].inputs * NNT_PANEL;
}

/* --- one tensor --- */

int64_t nnt_tensor_elements(const nnt_tensor *tensor) {
  return tensor->outputs * nnt_max_i64(tensor->inputs, 1);
}

nnt_panels nnt_tensor_panels(const nnt_tensor *tensor, float *arena) {
  return (nnt_panels){.data = arena + tensor->offset,
                      .rows = tensor->inputs,
                      .columns = tensor->outputs,
                      .stride = tensor->inputs * NNT_PANEL};
}

/* Offset of weight (input, output) within its matrix. */
static int64_t place_of(const nnt_tensor *tensor, int64_t input, int64_t output) {
  return (output / NNT_PANEL) * tensor->inputs * NNT_PANEL + input * NNT_PANEL + output % NNT_PANEL;
}

void nnt_tensor_export(const nnt_tensor *tensor, const float *arena, float *out) {
  const float *values = arena + tensor->offset;
  if (tensor->inputs == 0) memcpy(out, values, (size_t)tensor->outputs * sizeof *out);
  for (int64_t o = 0; o < tensor->outputs; ++o) {
    for (int64_t i = 0; i < tensor->inputs; ++i)
      out[o * tensor->inputs + i] = values[place_of(tensor, i, o)];
  }
}

void nnt_tensor_import(const nnt_tensor *tensor, const float *in, float *arena) {
  float *values = arena + tensor->offset;
  if (tensor->inputs == 0) memcpy(values, in, (size_t)tensor->outputs * sizeof *in);
  for (int64_t o = 0; o < tensor->outputs; ++o) {
    for (int64_t i = 0; i < tensor->inputs; ++i)
      values[place_of(tensor, i, o)] = in[o * tensor->inputs + i];
  }
}

nnt_status nnt_layout_digest(const nnt_layout *layout, const float *arena, char *text,
                             nnt_error *error) {
  int64_t most = 0;
  for (int i = 0; i < layout->tensor_count; ++i)
    most = nnt_max_i64(most, nnt_tensor_elements(&layout->tensors[i]));
  void *buffer = NULL;
  nnt_sha256 *hash = NULL;
  nnt_status status = nnt_memory_allocate((size_t)most * sizeof(float), "a digest", &buffer, error);
  if (status == NNT_OK) status = nnt_sha256_create(&hash, error);
  for (int i = 0; i < layout->tensor_count && status == NNT_OK; ++i) {
    const nnt_tensor *tensor = &layout->tensors[i];
    nnt_tensor_export(tensor, arena, buffer);
    status =
        nnt_sha256_add(hash, buffer, (size_t)nnt_tensor_elements(tensor) * sizeof(float), error);
  }
  if (status == NNT_OK) status = nnt_sha256_finish(hash, text, error);
  nnt_sha256_destroy(&hash);
  nnt_memory_free(&buffer);
  return status;
}
