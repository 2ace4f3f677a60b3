/* Rows of matrices in panels, by vectors. As simd.h: only for sources compiled once per instruction
 * set, everything is static. */
#ifndef NNT_KERNELS_ROW_TOOLS_H
#define NNT_KERNELS_ROW_TOOLS_H

#include "kernels/panels.h"
#include "kernels/simd.h"

/* Lanes whose column is below `columns`: -1, others 0. */
static inline vi columns_below(int64_t first, int64_t columns) {
  vi lane;
  for (int i = 0; i < VECTOR; ++i) lane[i] = i;
  int64_t left = columns - first;
  int32_t limit = left < 0 ? 0 : left > VECTOR ? VECTOR : (int32_t)left;
  return lane < (vi)(lane - lane + limit);
}

/* The sum of 32 lanes by a fixed tree, the same for every vector width. */
static inline float sum_lanes(const vf lanes[NNT_PANEL / VECTOR]) {
  float tree[NNT_PANEL];
  for (int v = 0; v < NNT_PANEL / VECTOR; ++v) {
    for (int i = 0; i < VECTOR; ++i) tree[v * VECTOR + i] = lanes[v][i];
  }
  for (int width = NNT_PANEL / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) tree[i] += tree[i + width];
  }
  return tree[0];
}

static inline float *at(const nnt_panels *matrix, int64_t row, int64_t column) {
  return matrix->data + column / NNT_PANEL * matrix->stride + row * NNT_PANEL + column % NNT_PANEL;
}

#endif
