/* The register tile, one table per instruction set. */
#ifndef NNT_KERNELS_MICROKERNEL_H
#define NNT_KERNELS_MICROKERNEL_H

#include <stdint.h>

#include "base/sum_tree.h"

/* No tile of any table has more rows. */
#define NNT_TILE_ROWS 16

/* How an inner dimension is summed: cut into granules, the leaves of the reduction tree, each one
 * chain of fused multiply-adds from zero; these are summed by the plan, which can have several
 * outputs. */
typedef struct nnt_granules {
  int64_t count;
  const nnt_sum_step *steps; /* [count] */
  const int64_t *begin;      /* [count + 1]: granule g is [begin[g], begin[g + 1]) */
} nnt_granules;

/* One tile of C = start + A B:
 *   c[r * 32 + j] = start[j] + sum_k a(r, k) * b[k * 32 + j],   r < rows, j < columns
 * b, c and start point at the tile's first column inside their panel. */
typedef struct nnt_tile {
  int rows;       /* 1 to the table's max_rows */
  int columns;    /* rounded up to whole vectors; up to the table's max_columns */
  const float *a; /* first element */
  const float *b;
  float *c;
  /* nn: one chain over the inner dimension, from start (0 when NULL) */
  int64_t k;
  int64_t a_stride; /* floats between the panels of A */
  const float *start;
  /* tn: output i of the granules' plan goes to c + i * distance */
  const nnt_granules *granules;
  int64_t distance;
} nnt_tile;

typedef struct nnt_microkernel {
  int max_rows;
  int max_columns;
  /* a(r, k): A is rows x k in panels, a points at (first row, column 0). */
  void (*nn)(const nnt_tile *tile);
  /* a(r, k) = a[k * 32 + r]: A is k x rows in panels, a points at (row 0, first column), and the
   * tile's rows lie in one panel. */
  void (*tn)(const nnt_tile *tile);
  /* Multiply-adds on registers only, for measuring the peak: returns the number of floating-point
   * operations, `repeats` times a constant. */
  double (*spin)(int64_t repeats);
} nnt_microkernel;

#endif
