/* The first layer's two products, straight from the samples as they are stored. */
#include "layers/input_layer.h"

#include "base/partition.h"

/* Floats that stay in a core's cache beside the other operand. */
#define BUFFER_FLOATS 65536
/* Panels of outputs, up to which a layer is narrow. */
#define NARROW_PANELS 2
#define NARROW_TILES 2
/* Rows below which a tile is not filled. */
#define LEAST_ROWS 16
/* Panels of a block of all samples: the next samples are prefetched between two of them. */
#define MOST_PANELS 4
/* Bytes of a sample that are prefetched; the hardware prefetcher goes on with a longer one. */
#define NEXT_BYTES 2048

/* Rows of a block of whole samples. Where few products follow, making the block is what counts:
 * then it is a few tiles, which stay near. */
static int64_t rows_of_block(int64_t features, int64_t panels, int64_t tile_rows) {
  if (panels <= NARROW_PANELS) return NARROW_TILES * tile_rows;
  return nnt_max_i64(BUFFER_FLOATS / (nnt_panel_count(features) * NNT_PANEL), LEAST_ROWS);
}

/* Panels of a block of all samples. */
static int64_t panels_of_block(int64_t rows) {
  int64_t panels = BUFFER_FLOATS / (nnt_max_i64(rows, 1) * NNT_PANEL);
  return nnt_max_i64(nnt_min_i64(panels, MOST_PANELS), 1);
}

int64_t nnt_input_buffer_floats(int64_t features, int64_t rows) {
  int64_t panels = nnt_panel_count(features);
  int64_t block = nnt_max_i64(rows_of_block(features, INT64_MAX, 0), NARROW_TILES * NNT_TILE_ROWS);
  int64_t forward = nnt_min_i64(block, rows) * panels * NNT_PANEL;
  int64_t gradient = nnt_min_i64(panels_of_block(rows), panels) * rows * NNT_PANEL;
  return nnt_max_i64(forward, gradient);
}

/* Rows [first, first + count), columns [begin, end) of the samples as a matrix in the buffer. */
static nnt_panels convert(const nnt_kernels *kernels, const nnt_input_rows *x, int64_t first,
                          int64_t count, int64_t begin, int64_t end) {
  const nnt_input *input = x->input;
  nnt_gather call = {.rows = x->rows + first,
                     .count = count,
                     .begin = begin,
                     .end = end,
                     .shift = input->shift,
                     .scale = input->scale,
                     .out = x->buffer,
                     .stride = count * NNT_PANEL};
  kernels->elementwise->gather[input->element](&call);
  for (int64_t c = begin; c < end && x->dropout != NULL; c += NNT_PANEL) {
    float *panel = x->buffer + (c - begin) * count;
    if (x->noise > 0.0F)
      kernels->noise->add_normal(x->dropout, x->noise, x->position + first, c / NNT_PANEL, count,
                                 panel);
    if (x->dropout->threshold > 0.0F)
      kernels->noise->dropout(x->dropout, x->position + first, c / NNT_PANEL, count, panel, NULL);
  }
  return (nnt_panels){x->buffer, count, end - begin, count * NNT_PANEL};
}

/* Whole rows where there are enough for all threads, so that each sample is converted once. */
static nnt_block cut_forward(nnt_team team, int64_t rows, int64_t panels) {
  if (rows < team.threads * (int64_t)LEAST_ROWS) return nnt_gemm_cut(team, rows, panels);
  return (nnt_block){nnt_partition_begin(rows, team.threads, team.thread),
                     nnt_partition_begin(rows, team.threads, team.thread + 1), 0, panels};
}

void nnt_input_forward(const nnt_kernels *kernels, nnt_team team, const nnt_input_rows *x,
                       const nnt_gemm_nn_call *call) {
  const nnt_panels *b = &call->b, *c = &call->c;
  nnt_block part = cut_forward(team, x->count, nnt_panel_count(c->columns));
  int64_t most = rows_of_block(x->input->features, part.column_end - part.column_begin,
                               kernels->micro->max_rows);
  int64_t blocks = nnt_ceil_div(part.row_end - part.row_begin, most);
  int64_t first_column = part.column_begin * NNT_PANEL;
  int64_t columns = nnt_min_i64(c->columns, part.column_end * NNT_PANEL) - first_column;
  nnt_team alone = {.threads = 1, .poll = team.poll, .poll_context = team.poll_context};
  for (int64_t i = 0; i < blocks && columns > 0; ++i) {
    int64_t row = part.row_begin + nnt_partition_begin(part.row_end - part.row_begin, blocks, i);
    int64_t rows = nnt_partition_count(part.row_end - part.row_begin, blocks, i);
    int64_t offset = part.column_begin * c->stride + row * NNT_PANEL;
    nnt_gemm_nn_call part_call = *call;
    part_call.a = convert(kernels, x, row, rows, 0, x->input->features);
    part_call.b =
        (nnt_panels){b->data + part.column_begin * b->stride, b->rows, columns, b->stride};
    part_call.c = (nnt_panels){c->data + offset, rows, columns, c->stride};
    if (call->bias != NULL) part_call.bias = call->bias + first_column;
    if (call->auxiliary != NULL) part_call.auxiliary = call->auxiliary + offset;
    nnt_gemm_nn(kernels, alone, &part_call);
  }
}

/* Prefetches part `part` of `parts` of this thread's share of the next samples. */
static void prefetch_next(nnt_team team, const nnt_input_rows *x, int64_t part, int64_t parts) {
  int64_t bytes = x->input->features * nnt_element_bytes(x->input->element);
  if (x->next == NULL) return;
  int64_t first = nnt_partition_begin(x->next_count, team.threads, team.thread);
  int64_t count = nnt_partition_count(x->next_count, team.threads, team.thread);
  for (int64_t r = nnt_partition_begin(count, parts, part);
       r < nnt_partition_begin(count, parts, part + 1); ++r) {
    for (int64_t i = 0; i < bytes && i < NEXT_BYTES; i += 64)
      __builtin_prefetch((const char *)x->next[first + r] + i);
  }
}

/* The sink of a product of a block of C's rows, told where the block lies. */
typedef struct shifted_sink {
  const nnt_gemm_tn_call *call;
  int64_t offset;
} shifted_sink;

static void sink_shifted(void *context, int64_t offset, const float *values, int64_t count) {
  const shifted_sink *s = context;
  s->call->sink(s->call->sink_context, s->offset + offset, values, count);
}

static void expect_shifted(void *context, int64_t offset, int64_t count) {
  const shifted_sink *s = context;
  s->call->expect(s->call->sink_context, s->offset + offset, count);
}

void nnt_input_gradient(const nnt_kernels *kernels, nnt_team team, const nnt_input_rows *x,
                        const nnt_gemm_tn_call *call) {
  const nnt_panels *b = &call->b, *c = &call->c;
  int64_t all = nnt_panel_count(c->rows);
  nnt_block part = nnt_gemm_cut(team, all, nnt_panel_count(c->columns));
  int64_t block = panels_of_block(x->count);
  int64_t blocks = nnt_ceil_div(part.row_end - part.row_begin, block);
  int64_t first_column = part.column_begin * NNT_PANEL;
  int64_t columns = nnt_min_i64(c->columns, part.column_end * NNT_PANEL) - first_column;
  nnt_team alone = {.threads = 1, .poll = team.poll, .poll_context = team.poll_context};
  for (int64_t q = part.row_begin; q < part.row_end && columns > 0; q += block) {
    int64_t begin = q * NNT_PANEL;
    int64_t end = nnt_min_i64(nnt_min_i64(q + block, part.row_end) * NNT_PANEL, c->rows);
    int64_t offset = part.column_begin * c->stride + begin * NNT_PANEL;
    shifted_sink sink = {call, offset};
    nnt_gemm_tn_call part_call = *call;
    part_call.a = convert(kernels, x, 0, x->count, begin, end);
    part_call.b =
        (nnt_panels){b->data + part.column_begin * b->stride, b->rows, columns, b->stride};
    part_call.c = (nnt_panels){c->data + offset, end - begin, columns, c->stride};
    if (call->sink != NULL) {
      part_call.sink = sink_shifted;
      part_call.expect = call->expect != NULL ? expect_shifted : NULL;
      part_call.sink_context = &sink;
    }
    nnt_gemm_tn(kernels, alone, &part_call);
    prefetch_next(team, x, (q - part.row_begin) / block, blocks);
  }
}
