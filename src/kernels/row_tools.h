/* Vectors of rows of matrices in panels. As simd.h: only for sources compiled once per instruction
 * set; everything is static. */
#ifndef NNT_KERNELS_ROW_TOOLS_H
#define NNT_KERNELS_ROW_TOOLS_H

#include "kernels/panels.h"
#include "kernels/simd.h"

/* Mask of the lanes whose column is below `columns`: -1, others 0. */
static inline vi columns_below(int64_t first, int64_t columns) {
  vi lane;
  for (int i = 0; i < VECTOR; ++i) lane[i] = i;
  int64_t left = columns - first;
  int32_t limit = left < 0 ? 0 : left > VECTOR ? VECTOR : (int32_t)left;
  return lane < (vi)(lane - lane + limit);
}

#define VECTORS (NNT_PANEL / VECTOR)

/* Fixed-order tree reduction of 32 lanes, the same for every vector width. */
static inline float sum_lanes(const vf lanes[VECTORS]) {
  vf tree[VECTORS];
  for (int v = 0; v < VECTORS; ++v) tree[v] = lanes[v];
  for (int width = VECTORS / 2; width > 0; width /= 2) {
    for (int v = 0; v < width; ++v) tree[v] += tree[v + width];
  }
  return sum_v(tree[0]);
}

static inline float *at(const nnt_panels *matrix, int64_t row, int64_t column) {
  return matrix->data + column / NNT_PANEL * matrix->stride + row * NNT_PANEL + column % NNT_PANEL;
}

#endif
