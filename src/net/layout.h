/* Where each layer's weights and biases lie in an arena of floats. Parameters, gradients and
 * optimiser state share one layout, so the exchange, the update and the digest are loops over one
 * array.
 *
 * layer 0 weights | layer 0 biases | layer 1 weights | ... | tail
 *
 * After the biases of a layer with normalisation lie its gains and its shifts, of the same size,
 * and with batch normalisation its running means and variances. Those are not trained: in the
 * gradient arena their places hold what the batch has, which they follow (net/optimizer.h).
 *
 * Weights are [inputs, outputs] in panels (kernels/panels.h), biases are padded to whole panels;
 * the padding is zero. The tail of 32 floats follows the last layer: in the gradient arena it
 * carries the step's loss and what the ranks note for each other, so that both travel with the
 * first gradient that is complete. */
#ifndef NNT_NET_LAYOUT_H
#define NNT_NET_LAYOUT_H

#include <nntrain/status.h>

#include "kernels/panels.h"
#include "net/model.h"

#define NNT_TAIL 32
/* The most pieces of a layer. */
#define NNT_LAYER_PIECES 16
/* The tail's first float: the mean loss of the step's batch. */
#define NNT_TAIL_LOSS 0
/* The floats after it: the ranks' notes, summed like the gradients. */
#define NNT_TAIL_NOTES 1
#define NNT_NOTES 3

typedef struct nnt_layout {
  int layer_count;
  const nnt_layer *layers;         /* borrowed from the model */
  int64_t weights[NNT_MAX_LAYERS]; /* offsets in floats */
  int64_t biases[NNT_MAX_LAYERS];
  int64_t gains[NNT_MAX_LAYERS], shifts[NNT_MAX_LAYERS];    /* of layers with normalisation */
  int64_t means[NNT_MAX_LAYERS], variances[NNT_MAX_LAYERS]; /* with batch normalisation */
  int64_t tail;
  int64_t floats; /* all, tail included */
  /* Layers are cut into pieces that become complete one after the other in the backward pass: whole
   * panels of weights, the last with the biases (and the tail). Pieces of layer l are numbered
   * [first_piece[l], first_piece[l + 1]). */
  int first_piece[NNT_MAX_LAYERS + 1];
} nnt_layout;

/* One piece a layer. The model must outlive the layout. */
nnt_layout nnt_layout_of(const nnt_model *model);
/* Cuts the layers into pieces of about `floats` floats. */
void nnt_layout_cut(nnt_layout *layout, int64_t floats);
/* Pieces of all layers, and the layer of one. */
int nnt_layout_pieces(const nnt_layout *layout);
int nnt_layout_layer_of(const nnt_layout *layout, int piece);
/* The panels [*begin, *end) of its layer's weights that a piece holds. */
void nnt_layout_piece_panels(const nnt_layout *layout, int piece, int64_t *begin, int64_t *end);
/* The first float of a piece; that of the piece after the last is `floats`. */
int64_t nnt_layout_piece_begin(const nnt_layout *layout, int piece);

/* The end of a layer's parameters, and of those among them that are trained. */
int64_t nnt_layout_layer_end(const nnt_layout *layout, int layer);
int64_t nnt_layout_trained_end(const nnt_layout *layout, int layer);

/* A layer's weights inside an arena, as a matrix. */
nnt_panels nnt_layout_weights(const nnt_layout *layout, int layer, float *arena);

/* Copies a layer's weights to or from `out`, [outputs, inputs] row-major: the orientation of files
 * and of PyTorch's Linear. */
void nnt_layout_export(const nnt_layout *layout, int layer, const float *arena, float *out);
void nnt_layout_import(const nnt_layout *layout, int layer, const float *in, float *arena);

/* SHA-256 over all parameters: layer by layer the weights [outputs, inputs], the biases, and
 * where there are gains and shifts, running means and variances, float32, little-endian. `text`
 * holds NNT_SHA256_TEXT characters. */
nnt_status nnt_layout_digest(const nnt_layout *layout, const float *arena, char *text,
                             nnt_error *error) NNT_MUST_CHECK;

#endif
