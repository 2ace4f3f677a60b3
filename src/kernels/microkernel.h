/* The register tile, one table per instruction set. */
#ifndef NNT_KERNELS_MICROKERNEL_H
#define NNT_KERNELS_MICROKERNEL_H

#include <stdint.h>

/* One tile of C = start + A B, over the whole inner dimension k:
 *   c[r * 32 + j] = start[j] + sum_k a(r, k) * b[k * 32 + j],   r < rows, j < columns
 * Each output is one sequential chain of fused multiply-adds over k, from start (0 when NULL).
 * b, c and start point at the tile's first column inside their panel. */
typedef struct nnt_tile {
  int rows;         /* 1 to the table's max_rows */
  int columns;      /* rounded up to whole vectors; up to the table's max_columns */
  int64_t k;        /* length of the inner dimension */
  const float *a;   /* first element */
  int64_t a_stride; /* nn: floats between the panels of A; tn: not used */
  const float *b;
  float *c;
  const float *start;
} nnt_tile;

typedef struct nnt_microkernel {
  int max_rows;
  int max_columns;
  /* a(r, k): A is rows x k in panels, a points at (first row, column 0). */
  void (*nn)(const nnt_tile *tile);
  /* a(r, k) = a[k * 32 + r]: A is k x rows in panels, a points at (row 0, first column), and the
   * tile's rows lie in one panel. */
  void (*tn)(const nnt_tile *tile);
  /* Multiply-adds on registers alone, for measuring the peak: returns the floating-point
   * operations done, `repeats` times a constant. */
  double (*spin)(int64_t repeats);
} nnt_microkernel;

#endif
