/* The two matrix products of a dense layer, over matrices in panels (panels.h).
 *
 * Each function does the part of one thread of a team and contains no barrier: every thread of a
 * parallel region calls it with its own `team`, and the outputs of all parts together are C. The
 * bits of C do not depend on the number of threads or the tile shape. */
#ifndef NNT_KERNELS_GEMM_H
#define NNT_KERNELS_GEMM_H

#include "kernels/dispatch.h"
#include "kernels/panels.h"

/* Applied to each finished piece of C while it is in the cache: `count` floats at c, and at the
 * same place of the auxiliary matrix. */
typedef void (*nnt_epilogue)(float *c, float *auxiliary, int64_t count);

/* C = A B + bias, then the epilogue.
 * A: rows x k, B: k x columns, C: rows x columns; bias: C's columns, padded to whole panels, or
 * NULL; auxiliary: of C's shape and stride, or NULL; epilogue: or NULL. */
typedef struct nnt_gemm_nn_call {
  nnt_panels a, b, c;
  const float *bias;
  nnt_epilogue epilogue;
  float *auxiliary;
} nnt_gemm_nn_call;
void nnt_gemm_nn(const nnt_kernels *kernels, nnt_team team, const nnt_gemm_nn_call *call);

/* C = A^T B. A: k x rows, B: k x columns, C: rows x columns. */
void nnt_gemm_tn(const nnt_kernels *kernels, nnt_team team, const nnt_panels *a,
                 const nnt_panels *b, const nnt_panels *c);

/* B = A^T, padding of B zero. A: rows x columns, B: columns x rows. */
void nnt_transpose(nnt_team team, const nnt_panels *a, const nnt_panels *b);

#endif
