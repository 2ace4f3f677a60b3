/* The memory layout of every matrix: column panels.
 *
 * A matrix of `rows` x `columns` is cut into panels of 32 columns (128 bytes); a panel is
 * row-major, and panel p starts `stride` floats after panel p - 1:
 *
 *   element (r, c) = data[(c / 32) * stride + r * 32 + c % 32]
 *
 * A register tile of rows x 32 is contiguous, a row of a panel is two cache lines, and activations,
 * weights and gradients can be either operand of a product without packing. Weights are stored
 * as [inputs, outputs]. Columns beyond `columns` in the last panel are padding: never read as the
 * inner dimension of a product; zero in weights and in gradients. */
#ifndef NNT_KERNELS_PANELS_H
#define NNT_KERNELS_PANELS_H

#include <stdint.h>

#define NNT_PANEL 32

typedef struct nnt_panels {
  float *data; /* aligned to 64 bytes */
  int64_t rows;
  int64_t columns;
  int64_t stride; /* floats from panel to panel, at least rows * NNT_PANEL */
} nnt_panels;

static inline int64_t nnt_panel_count(int64_t columns) {
  return (columns + NNT_PANEL - 1) / NNT_PANEL;
}

/* Floats of a matrix whose panels are contiguous. */
static inline int64_t nnt_panels_floats(int64_t rows, int64_t columns) {
  return nnt_panel_count(columns) * rows * NNT_PANEL;
}

static inline float *nnt_panels_at(const nnt_panels *matrix, int64_t row, int64_t column) {
  return matrix->data + (column / NNT_PANEL) * matrix->stride + row * NNT_PANEL +
         column % NNT_PANEL;
}

/* A thread of a parallel region: it does its share of the work. */
typedef struct nnt_team {
  int thread;
  int threads;
  /* Called now and then during long work, for MPI progress; or NULL. */
  void (*poll)(void *context);
  void *poll_context;
} nnt_team;

#endif
