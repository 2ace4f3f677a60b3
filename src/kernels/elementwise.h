/* Elementwise and row kernels, one table per instruction set.
 *
 * Float arrays are aligned to 64 bytes and `count` is a multiple of 32 (whole panel rows), unless
 * said otherwise. Every kernel is single-threaded; the caller divides the work. */
#ifndef NNT_KERNELS_ELEMENTWISE_H
#define NNT_KERNELS_ELEMENTWISE_H

#include <stdint.h>

#include "kernels/microkernel.h"
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

/* Rows [begin, end) of a matrix of logits, and the loss and gradient computed from them. */
typedef struct nnt_rows {
  nnt_panels logits;   /* z, or the output a for the squared losses */
  nnt_panels target;   /* of the same shape; not read by softmax */
  nnt_panels gradient; /* written: scale * derivative of the row's loss; padding zero */
  float *loss;         /* [rows], written */
  float scale;
  int64_t begin, end;
} nnt_rows;

/* out(r, c - begin) = (rows[r][c] - shift[c]) * scale[c], for r < count, begin <= c < end. */
typedef struct nnt_gather {
  const void *const *rows; /* [count]: each sample's first element; need not be aligned */
  int64_t count;
  int64_t begin, end; /* columns; begin is a multiple of 32 */
  const float *shift, *scale;
  float *out;     /* row 0 of the first panel */
  int64_t stride; /* floats from panel to panel */
} nnt_gather;

typedef struct nnt_elementwise {
  /* gradient = scale * softmax(z), loss = log(sum(exp(z))), per row, without overflow. */
  void (*softmax)(const nnt_rows *rows);
  /* Binary cross-entropy on logits, mean over the columns. */
  void (*binary_cross_entropy)(const nnt_rows *rows);
  /* Likewise: Huber loss, absolute error, and Poisson negative log-likelihood of logits. */
  void (*huber)(const nnt_rows *rows);
  void (*absolute_error)(const nnt_rows *rows);
  void (*poisson)(const nnt_rows *rows);
  /* values = exp(values). */
  void (*exponential)(float *values, int64_t count);
  /* loss = sum_k (a - t)^2; gradient = scale * (a - t). */
  void (*squared_error)(const nnt_rows *rows);

  /* Gathers samples of one stored type into a matrix in panels. */
  void (*gather[NNT_ELEMENT_COUNT])(const nnt_gather *call);

  /* sums[c] = sum over the rows of one panel, granule by granule; 32 sums per output of the plan,
   * output i at sums + i * distance. */
  void (*sum_rows)(const float *panel, const nnt_granules *granules, float *sums, int64_t distance);

  /* The same for the elementwise products with another panel. */
  void (*sum_products)(const float *panel, const float *factors, const nnt_granules *granules,
                       float *sums, int64_t distance);

  /* out[i] = a[i] + b[i]; `out` may be a or b. */
  void (*add)(const float *a, const float *b, float *out, int64_t count);
} nnt_elementwise;

#endif
