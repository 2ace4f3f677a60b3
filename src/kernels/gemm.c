/* Cutting the products into register tiles and distributing these over the threads. */
#include "kernels/gemm.h"

#include <string.h>

#include "base/partition.h"

nnt_block nnt_gemm_cut(nnt_team team, int64_t rows, int64_t columns) {
  int best_grid = 1;
  int64_t best_cost = INT64_MAX;
  for (int grid_rows = 1; grid_rows <= team.threads; ++grid_rows) {
    int64_t cost = nnt_ceil_div(rows, grid_rows) * nnt_ceil_div(columns, team.threads / grid_rows);
    if (cost < best_cost) {
      best_cost = cost;
      best_grid = grid_rows;
    }
  }
  int grid_columns = team.threads / best_grid;
  int row = team.thread / grid_columns;
  int column = team.thread % grid_columns;
  if (row >= best_grid) return (nnt_block){0, 0, 0, 0};
  return (nnt_block){nnt_partition_begin(rows, best_grid, row),
                     nnt_partition_begin(rows, best_grid, row + 1),
                     nnt_partition_begin(columns, grid_columns, column),
                     nnt_partition_begin(columns, grid_columns, column + 1)};
}

/* Runs the tile over all columns of one panel. */
static void run_columns(const nnt_microkernel *micro, void (*run)(const nnt_tile *), nnt_tile tile,
                        int64_t columns) {
  for (int64_t j = 0; j < columns; j += micro->max_columns) {
    tile.columns = (int)nnt_min_i64(columns - j, micro->max_columns);
    run(&tile);
    tile.b += micro->max_columns;
    tile.c += micro->max_columns;
    if (tile.start != NULL) tile.start += micro->max_columns;
  }
}

/* Zeros from float `from` of a panel's row on, a multiple of 4; a call of memset would take longer.
 */
static inline void clear_row(float *row, int64_t from) {
  typedef float four __attribute__((vector_size(16)));
  typedef float eight __attribute__((vector_size(32)));
  if (from % 8 != 0) *(four *)(row + from) = (four){0};
  switch ((from + 7) / 8) {
    case 1:
      *(eight *)(row + 8) = (eight){0};
      /* fall through */
    case 2:
      *(eight *)(row + 16) = (eight){0};
      /* fall through */
    case 3:
      *(eight *)(row + 24) = (eight){0};
      break;
    default:
      break;
  }
}

/* The tile's part of the vectors that no column is in: memory that is shared by lifetimes holds
 * anything. */
static void clear_padding(const nnt_microkernel *micro, const nnt_tile *tile, int64_t columns) {
  int64_t vector = micro->max_columns / 2, covered = nnt_ceil_div(columns, vector) * vector;
  for (int r = 0; r < tile->rows && covered < NNT_PANEL; ++r)
    clear_row(tile->c + r * NNT_PANEL, covered);
}

void nnt_gemm_nn(const nnt_kernels *kernels, nnt_team team, const nnt_gemm_nn_call *call) {
  const nnt_microkernel *micro = kernels->micro;
  const nnt_panels *c = &call->c;
  nnt_block part = nnt_gemm_cut(team, c->rows, nnt_panel_count(c->columns));
  int64_t rows = part.row_end - part.row_begin;
  int64_t tiles = nnt_ceil_div(rows, micro->max_rows);
  for (int64_t p = part.column_begin; p < part.column_end; ++p) {
    int64_t columns = nnt_min_i64(c->columns - p * NNT_PANEL, NNT_PANEL);
    for (int64_t t = 0; t < tiles; ++t) {
      int64_t row = part.row_begin + nnt_partition_begin(rows, tiles, t);
      int64_t offset = p * c->stride + row * NNT_PANEL;
      nnt_tile tile = {.rows = (int)nnt_partition_count(rows, tiles, t),
                       .k = call->a.columns,
                       .a = call->a.data + row * NNT_PANEL,
                       .a_stride = call->a.stride,
                       .b = call->b.data + p * call->b.stride,
                       .c = c->data + offset,
                       .start = call->bias != NULL ? call->bias + p * NNT_PANEL : NULL};
      run_columns(micro, micro->nn, tile, columns);
      if (columns < NNT_PANEL) clear_padding(micro, &tile, columns);
      float *auxiliary = call->auxiliary != NULL ? call->auxiliary + offset : NULL;
      if (call->epilogue != NULL) call->epilogue(tile.c, auxiliary, tile.rows * (int64_t)NNT_PANEL);
      if (call->finish != NULL)
        call->finish(call->finish_context, tile.c, auxiliary, tile.rows * (int64_t)NNT_PANEL);
    }
    if (team.poll != NULL) team.poll(team.poll_context);
  }
}

/* Computes up to 32 rows of a panel of C, from row `row` on, into `out`. */
static void run_tn(const nnt_microkernel *micro, const nnt_gemm_tn_call *call, int64_t row,
                   int64_t panel, float *out) {
  const nnt_panels *a = &call->a, *b = &call->b;
  int64_t rows = nnt_min_i64(call->c.rows - row, NNT_PANEL);
  int64_t columns = nnt_min_i64(call->c.columns - panel * NNT_PANEL, NNT_PANEL);
  int64_t tiles = nnt_ceil_div(rows, micro->max_rows);
  for (int64_t t = 0; t < tiles; ++t) {
    int64_t first = nnt_partition_begin(rows, tiles, t);
    nnt_tile tile = {.rows = (int)nnt_partition_count(rows, tiles, t),
                     .a = a->data + row / NNT_PANEL * a->stride + first,
                     .b = b->data + panel * b->stride,
                     .c = out + first * NNT_PANEL,
                     .granules = call->granules,
                     .distance = call->distance};
    run_columns(micro, micro->tn, tile, columns);
  }
}

void nnt_gemm_tn(const nnt_kernels *kernels, nnt_team team, const nnt_gemm_tn_call *call) {
  const nnt_panels *c = &call->c;
  _Alignas(64) float finished[NNT_PANEL * NNT_PANEL];
  nnt_block part = nnt_gemm_cut(team, nnt_panel_count(c->rows), nnt_panel_count(c->columns));
  for (int64_t p = part.column_begin; p < part.column_end; ++p) {
    /* Only the used vectors of the last panel are computed; the rest of its padding is zero. */
    if (c->columns - p * NNT_PANEL < NNT_PANEL) memset(finished, 0, sizeof finished);
    for (int64_t q = part.row_begin; q < part.row_end; ++q) {
      int64_t offset = p * c->stride + q * NNT_PANEL * NNT_PANEL;
      int64_t count = nnt_min_i64(c->rows - q * NNT_PANEL, NNT_PANEL) * NNT_PANEL;
      if (call->expect != NULL) call->expect(call->sink_context, offset, count);
      run_tn(kernels->micro, call, q * NNT_PANEL, p,
             call->sink != NULL ? finished : c->data + offset);
      if (call->sink != NULL) call->sink(call->sink_context, offset, finished, count);
      if (team.poll != NULL) team.poll(team.poll_context);
    }
  }
}

/* One block of 32 x 32, or less at the edges of A; b has no rows beyond A's columns. */
static void transpose_block(const float *a, int64_t rows, int64_t columns, float *b) {
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t r = 0; r < rows; ++r) b[c * NNT_PANEL + r] = a[r * NNT_PANEL + c];
    for (int64_t r = rows; r < NNT_PANEL; ++r) b[c * NNT_PANEL + r] = 0.0F;
  }
}

void nnt_transpose(nnt_team team, const nnt_panels *a, const nnt_panels *b) {
  nnt_block part = nnt_gemm_cut(team, nnt_panel_count(a->rows), nnt_panel_count(a->columns));
  for (int64_t q = part.row_begin; q < part.row_end; ++q) {
    int64_t rows = nnt_min_i64(a->rows - q * NNT_PANEL, NNT_PANEL);
    for (int64_t p = part.column_begin; p < part.column_end; ++p) {
      int64_t columns = nnt_min_i64(a->columns - p * NNT_PANEL, NNT_PANEL);
      transpose_block(a->data + p * a->stride + q * NNT_PANEL * NNT_PANEL, rows, columns,
                      b->data + q * b->stride + p * NNT_PANEL * NNT_PANEL);
    }
  }
}
