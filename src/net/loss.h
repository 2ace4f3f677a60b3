/* Losses: value and gradient by row, and the outputs that belong to them. Formulas:
 * nntrain/model.h. Each call does rows [begin, end) on one thread. */
#ifndef NNT_NET_LOSS_H
#define NNT_NET_LOSS_H

#include "kernels/dispatch.h"
#include "net/model.h"

typedef struct nnt_loss_rows {
  nnt_panels logits;      /* what the last layer put out */
  nnt_panels target;      /* [rows, outputs] for NNT_TARGET_VALUES and for quadratic */
  const int32_t *classes; /* [rows] for NNT_TARGET_CLASS */
  /* With mixup the loss is shares[r] of the one by the class and 1 - shares[r] of the one by the
   * partner's; NULL: there are none. */
  const int32_t *partner_classes; /* [rows] */
  const float *shares;            /* [rows] */
  nnt_panels gradient;            /* written */
  const float *derivative;        /* as `auxiliary` of the last layer's activation, same layout as
                                     logits; used by quadratic alone */
  float *loss;                    /* [rows], written */
  float scale;                    /* the gradient's factor: 1 / batch, or 1 / sum of the weights */
  const float *weights;           /* [rows]: factors of loss and gradient; NULL: 1 */
  float smoothing;                /* of the labels of cross-entropy */
  int64_t begin, end;
} nnt_loss_rows;

/* loss[r] and gradient = scale * d loss[r] / d logits, both times weights[r]. */
void nnt_loss_run(const nnt_kernels *kernels, const nnt_model *model, const nnt_loss_rows *rows);

/* Turns logits into outputs in place: softmax, sigmoid or exp; the others stay. `scratch`: [rows].
 */
void nnt_loss_outputs(const nnt_kernels *kernels, const nnt_model *model, const nnt_panels *logits,
                      float *scratch, int64_t begin, int64_t end);

#endif
