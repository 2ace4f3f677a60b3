/* Where each layer's parameters lie in an arena of floats: a list of named tensors. Parameters,
 * gradients and optimiser state share one layout, so the exchange, the update, the checkpoint and
 * the digest are loops over one array.
 *
 * tensors of layer 0 | tensors of layer 1 | ... | tail
 *
 * A matrix is [inputs, outputs] in panels (kernels/panels.h), a vector is padded to whole panels;
 * the padding is zero. Statistics, such as running means, are not trained: in the gradient arena
 * their places hold what the batch has, which they follow (net/optimizer.h). Which tensors a layer
 * has, its units say (layers/layer_kind.h).
 *
 * The tail of 32 floats follows the last layer: in the gradient arena it carries the step's loss
 * and control flags, so that both travel with the first gradient that is complete. */
#ifndef NNT_NET_LAYOUT_H
#define NNT_NET_LAYOUT_H

#include <nntrain/status.h>

#include "kernels/panels.h"
#include "net/model.h"

#define NNT_TAIL 32
/* The most buckets of a layer. */
#define NNT_LAYER_BUCKETS 16
/* Tensors of a layer, and of all layers, at most. */
#define NNT_LAYER_TENSORS 8
#define NNT_MAX_TENSORS (NNT_LAYER_TENSORS * NNT_MAX_LAYERS)

/* What a tensor is filled with before training. */
typedef enum nnt_tensor_start {
  NNT_START_ZERO,
  NNT_START_ONE,
  NNT_START_WEIGHT, /* drawn, by the initialiser */
  NNT_START_BIAS    /* 0, or drawn: NNT_INIT_FAN_IN */
} nnt_tensor_start;

typedef struct nnt_tensor {
  const char *name; /* in files, beside those of its layer; static */
  int layer;
  int64_t outputs;
  int64_t inputs; /* 0: a vector, [outputs]; else a matrix, in files [outputs, inputs] */
  int64_t offset; /* in floats */
  int64_t floats; /* with padding */
  nnt_tensor_start start;
  bool decayed;   /* has weight decay and so on, and counts for layerwise methods */
  bool statistic; /* is not trained, but follows the batches' */
  bool trained;   /* by the optimiser: neither a statistic nor in a frozen layer */
} nnt_tensor;

typedef struct nnt_layout {
  int layer_count;
  const nnt_layer *layers; /* borrowed from the model */
  int tensor_count;
  nnt_tensor tensors[NNT_MAX_TENSORS];  /* in the order of the arena */
  int first_tensor[NNT_MAX_LAYERS + 1]; /* of each layer; the first is its matrix of weights */
  int64_t tail;
  int64_t floats; /* all, tail included */
  /* Layers are cut into buckets that become complete one after the other in the backward pass:
   * whole panels of weights, the last with the other tensors (and the tail). Buckets of layer l
   * are numbered [first_bucket[l], first_bucket[l + 1]). */
  int first_bucket[NNT_MAX_LAYERS + 1];
} nnt_layout;

/* Without tensors. The model must outlive the layout. */
nnt_layout nnt_layout_begin(const nnt_model *model);
/* The tensors of a layer are added together, its weights first, layers in ascending order; layer,
 * name, outputs, inputs, start, decayed and statistic are read. Returns the tensor's number. */
int nnt_layout_add(nnt_layout *layout, nnt_tensor tensor);
/* One float for each output of the layer, not decayed. */
int nnt_layout_add_vector(nnt_layout *layout, int layer, const char *name, nnt_tensor_start start,
                          bool statistic);
/* All tensors are added. One bucket a layer. */
void nnt_layout_end(nnt_layout *layout);

/* The tensor of a layer with this name, NULL: it has none; that of which the float at `offset` is a
 * part. */
const nnt_tensor *nnt_layout_tensor(const nnt_layout *layout, int layer, const char *name);
const nnt_tensor *nnt_layout_tensor_at(const nnt_layout *layout, int64_t offset);

/* Cuts the layers into buckets of about `floats` floats. */
void nnt_layout_cut(nnt_layout *layout, int64_t floats);
/* Buckets of all layers, and the layer of one. */
int nnt_layout_buckets(const nnt_layout *layout);
int nnt_layout_layer_of(const nnt_layout *layout, int bucket);
/* The panels [*begin, *end) of its layer's weights that a bucket holds. */
void nnt_layout_bucket_panels(const nnt_layout *layout, int bucket, int64_t *begin, int64_t *end);
/* The first float of a bucket; that of the bucket after the last is `floats`. */
int64_t nnt_layout_bucket_begin(const nnt_layout *layout, int bucket);

/* The first float of a layer, and the one after its last. */
int64_t nnt_layout_layer_begin(const nnt_layout *layout, int layer);
int64_t nnt_layout_layer_end(const nnt_layout *layout, int layer);

/* Elements of all tensors but the statistics, frozen ones included, without padding. */
int64_t nnt_layout_parameters(const nnt_layout *layout);

/* Elements of a tensor without padding. */
int64_t nnt_tensor_elements(const nnt_tensor *tensor);
/* A matrix inside an arena. */
nnt_panels nnt_tensor_panels(const nnt_tensor *tensor, float *arena);
/* Copies a tensor to or from `out`, without padding: a matrix is [outputs, inputs] row-major, the
 * orientation of files and of PyTorch's Linear. */
void nnt_tensor_export(const nnt_tensor *tensor, const float *arena, float *out);
void nnt_tensor_import(const nnt_tensor *tensor, const float *in, float *arena);

/* SHA-256 over all tensors in their order, as exported, float32, little-endian. `text` holds
 * NNT_SHA256_TEXT characters. */
nnt_status nnt_layout_digest(const nnt_layout *layout, const float *arena, char *text,
                             nnt_error *error) NNT_MUST_CHECK;

#endif
