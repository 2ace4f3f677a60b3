/* The two matrix products of a dense layer, over matrices in panels (panels.h).
 *
 * Each function does the share of one thread of a team and contains no barrier: every thread of a
 * parallel region calls it with its own `team`, and together they compute C. The bits of C do not
 * depend on the number of threads or the tile shape. */
#ifndef NNT_KERNELS_GEMM_H
#define NNT_KERNELS_GEMM_H

#include "kernels/dispatch.h"
#include "kernels/panels.h"

/* A thread's rectangle of units. */
typedef struct nnt_block {
  int64_t row_begin, row_end;
  int64_t column_begin, column_end;
} nnt_block;

/* Cuts rows x columns units into a grid of the team's threads that minimises the largest
 * rectangle; ties are broken in favour of cutting columns. */
nnt_block nnt_gemm_cut(nnt_team team, int64_t rows, int64_t columns);

/* Applied to each finished tile of C while it is in the cache: `count` floats at c, and at the
 * same offset in the auxiliary matrix. */
typedef void (*nnt_epilogue)(float *c, float *auxiliary, int64_t count);

/* Called after the epilogue; `c` is the tile's address in C. */
typedef void (*nnt_finish)(void *context, float *c, float *auxiliary, int64_t count);

/* C = A B + bias, then the epilogue. C's padding is computed like its columns, from padding of B
 * and of the bias that is zero: before the epilogue it is zero where A is finite. A: rows x k, B: k
 * x columns, C: rows x columns; bias: C's columns, padded to whole panels, or NULL; auxiliary: of
 * C's shape and stride, or NULL; epilogue: or NULL. */
typedef struct nnt_gemm_nn_call {
  nnt_panels a, b, c;
  const float *bias;
  nnt_epilogue epilogue;
  float *auxiliary;
  nnt_finish finish; /* or NULL */
  void *finish_context;
} nnt_gemm_nn_call;
void nnt_gemm_nn(const nnt_kernels *kernels, nnt_team team, const nnt_gemm_nn_call *call);

/* Consumes `count` finished floats of C, at most 32 rows of a panel, beginning at offset `offset`
 * of C. */
typedef void (*nnt_tile_sink)(void *context, int64_t offset, const float *values, int64_t count);

/* C = A^T B, summed over k granule by granule. A: k x rows, B: k x columns, C: rows x columns.
 * Output i of the granules' plan is a matrix like c, at c + i * distance. With a sink, C is not
 * written: the sink consumes the tiles of output 0, the only one. */
typedef struct nnt_gemm_tn_call {
  nnt_panels a, b, c;
  const nnt_granules *granules;
  int64_t distance;
  nnt_tile_sink sink; /* or NULL */
  /* Called before a tile is computed, with what the sink will get; or NULL. */
  void (*expect)(void *context, int64_t offset, int64_t count);
  void *sink_context;
} nnt_gemm_tn_call;
void nnt_gemm_tn(const nnt_kernels *kernels, nnt_team team, const nnt_gemm_tn_call *call);

/* B = A^T, padding of B zero. A: rows x columns, B: columns x rows. */
void nnt_transpose(nnt_team team, const nnt_panels *a, const nnt_panels *b);

#endif
