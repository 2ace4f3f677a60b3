/* Elementwise and row kernels, one table per instruction set.
 *
 * Float arrays are aligned to 64 bytes and `count` is a multiple of 32 (whole panel rows), unless
 * said otherwise. Everything works on one thread; the caller cuts. */
#ifndef NNT_KERNELS_ELEMENTWISE_H
#define NNT_KERNELS_ELEMENTWISE_H

#include <nntrain/model.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernels/panels.h"

/* Types of stored samples. */
typedef enum nnt_element {
  NNT_U8,
  NNT_I8,
  NNT_U16,
  NNT_I16,
  NNT_F32,
  NNT_ELEMENT_COUNT
} nnt_element;

/* Bytes of an element. */
static inline int64_t nnt_element_bytes(nnt_element element) {
  return element == NNT_F32 ? 4 : element == NNT_U8 || element == NNT_I8 ? 1 : 2;
}

/* Stochastic gradient descent with PyTorch's conventions (torch.optim.SGD): with gradient g,
 *   g += weight_decay * w;  v = momentum * v + g;  w -= learning_rate * (nesterov ? g + momentum
 * * v : v). */
typedef struct nnt_sgd_step {
  float learning_rate;
  float momentum;
  float weight_decay;
  bool nesterov;
} nnt_sgd_step;

/* Rows [begin, end) of a matrix of logits, and what a loss makes of them. */
typedef struct nnt_rows {
  nnt_panels logits;   /* z, or the output a for the squared losses */
  nnt_panels target;   /* of the same shape; not read by softmax */
  nnt_panels gradient; /* written: scale * derivative of the row's loss; padding zero */
  float *loss;         /* [rows], written */
  float scale;
  int64_t begin, end;
} nnt_rows;

typedef struct nnt_elementwise {
  /* y = f(z) in place. `auxiliary` receives what the derivative needs where that is not y: f'(z)
   * for gelu and silu; not touched by the others; may be NULL when no backward pass follows. */
  void (*activate[NNT_ACTIVATION_COUNT])(float *z, float *auxiliary, int64_t count);
  /* gradient *= f'(z); `auxiliary` is y, but f'(z) for gelu and silu. */
  void (*derive[NNT_ACTIVATION_COUNT])(float *gradient, float *auxiliary, int64_t count);

  /* gradient = scale * softmax(z), loss = log(sum(exp(z))), by row, without overflow. */
  void (*softmax)(const nnt_rows *rows);
  /* Binary cross-entropy on logits, mean over the columns. */
  void (*binary_cross_entropy)(const nnt_rows *rows);
  /* loss = sum_k (a - t)^2; gradient = scale * (a - t). */
  void (*squared_error)(const nnt_rows *rows);

  /* out(c) = (row[c] - shift[c]) * scale[c], for c < columns, into one row of a panel matrix whose
   * panels are `stride` floats apart. `row` need not be aligned; shift and scale are. */
  void (*gather[NNT_ELEMENT_COUNT])(const void *row, const float *shift, const float *scale,
                                    int64_t columns, float *out, int64_t stride);

  /* sums[c] = sum over the rows of one panel, in their order; 32 sums. */
  void (*sum_rows)(const float *panel, int64_t rows, float *sums);

  /* out[i] = sum over m < members of first[m * distance + i], m ascending. `out` may be one of the
   * addends. */
  void (*sum_arrays)(const float *first, int64_t distance, int members, float *out, int64_t count);

  /* `velocity` may be NULL when momentum is 0. */
  void (*sgd)(const nnt_sgd_step *step, const float *gradient, float *velocity, float *weights,
              int64_t count);
} nnt_elementwise;

#endif
