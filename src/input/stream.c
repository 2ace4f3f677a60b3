/* A data set that is streamed through memory, two windows at a time. */
#include "input/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/partition.h"
#include "comm/comm.h"
#include "comm/node_memory.h"

/* Most bytes per read, unless a block is larger. */
#define PIECE_BYTES (INT64_C(8) << 20)

/* Window `window` of pass `pass`; passes count from 1. */
typedef struct place {
  int64_t pass, window;
} place;

/* A window being read into memory. */
typedef struct fetch {
  bool active;
  place what;
  int half;
  nnt_sample_order order;
  int32_t *blocks; /* [window_blocks] of the window, ascending */
  bool listed;
  int64_t count;     /* of blocks */
  int64_t next, end; /* this rank's blocks that are still to be read */
  int64_t pieces;    /* collective reads, the same number on every rank */
  int64_t done;
  nnt_status status; /* of this rank's collective reads so far */
  nnt_error error;
  nnt_read_job job;
} fetch;

struct nnt_stream {
  nnt_comm *comm;
  const nnt_resident *data;
  nnt_read_ahead *reader;
  nnt_shuffling windows;
  int64_t block, window_blocks, blocks;
  int64_t x_bytes, y_bytes; /* of a row */
  nnt_node_memory *memory;
  char *x, *y;       /* [2, window_blocks, block] rows */
  int32_t *slots[2]; /* [blocks], for even and odd passes */
  nnt_samples samples;
  int64_t pass;
  nnt_sample_order order, next;
  bool has_next;
  place halves[2];
  int64_t front, back; /* windows in use */
  double waited;       /* seconds spent waiting for windows */
  fetch fetch;
};

static bool same(place a, place b) {
  return a.pass == b.pass && a.window == b.window;
}

double nnt_stream_bytes(int64_t samples, int64_t row_bytes, int node_ranks,
                        const nnt_shuffling *windows) {
  double blocks = (double)nnt_ceil_div(samples, windows->block);
  int64_t per_window = windows->window / windows->block;
  return 2.0 * (double)windows->window * (double)row_bytes + 2.0 * sizeof(int32_t) * blocks +
         (double)per_window * sizeof(int32_t) * node_ranks;
}

/* Of three windows or more, a middle one may contain the last, smaller block. */
int64_t nnt_stream_most(int64_t samples, const nnt_shuffling *windows) {
  int64_t missing = nnt_ceil_div(samples, windows->block) * windows->block - samples;
  return samples <= 2 * windows->window - missing ? samples : windows->window - missing;
}

/* Local; the sections of the memory are contiguous. */
static nnt_status lay_out(nnt_stream *stream, size_t *bytes, nnt_error *error) {
  const nnt_samples *samples = &stream->data->samples;
  stream->x_bytes = samples->features * nnt_element_bytes(samples->element);
  stream->y_bytes = stream->data->y_row_bytes;
  int64_t rows = 2 * stream->window_blocks * stream->block;
  size_t tables = 2 * (size_t)stream->blocks * sizeof(int32_t);
  *bytes = nnt_align_up((size_t)(rows * stream->x_bytes)) +
           nnt_align_up((size_t)(rows * stream->y_bytes)) + tables;
  void *list = NULL;
  nnt_status status = nnt_memory_allocate((size_t)stream->window_blocks * sizeof(int32_t),
                                          "the blocks of a window", &list, error);
  stream->fetch.blocks = list;
  return status;
}

static void point_into(nnt_stream *stream) {
  nnt_samples *samples = &stream->samples;
  int64_t rows = 2 * stream->window_blocks * stream->block;
  stream->x = nnt_node_memory_data(stream->memory);
  stream->y = stream->x + nnt_align_up((size_t)(rows * stream->x_bytes));
  stream->slots[0] = (int32_t *)(stream->y + nnt_align_up((size_t)(rows * stream->y_bytes)));
  stream->slots[1] = stream->slots[0] + stream->blocks;
  *samples = stream->data->samples;
  samples->x = stream->x;
  samples->block = stream->block;
  samples->slots = stream->slots[0];
  if (stream->data->mode == NNT_READ_CLASSES)
    samples->classes = (const int32_t *)stream->y;
  else if (stream->data->mode != NNT_READ_NOTHING)
    samples->targets = (const float *)stream->y;
}

nnt_status nnt_stream_create(nnt_comm *comm, const nnt_resident *data, nnt_read_ahead *reader,
                             const nnt_shuffling *windows, nnt_stream **out, nnt_error *error) {
  size_t bytes = 0;
  *out = NULL;
  nnt_stream *stream = calloc(1, sizeof *stream);
  nnt_status status =
      stream != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *stream, "streaming a data set");
  if (stream != NULL) {
    stream->comm = comm;
    stream->data = data;
    stream->reader = reader;
    stream->windows = *windows;
    stream->block = windows->block;
    stream->window_blocks = windows->window / windows->block;
    stream->blocks = nnt_ceil_div(data->samples.count, windows->block);
    status = lay_out(stream, &bytes, error);
  }
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_node_memory_create(comm, bytes, NNT_MEMORY_OF_NODE, &stream->memory, error);
  if (status != NNT_OK) {
    nnt_stream_destroy(&stream);
    return status;
  }
  point_into(stream);
  *out = stream;
  return NNT_OK;
}

void nnt_stream_destroy(nnt_stream **stream) {
  if (*stream == NULL) return;
  nnt_node_memory_destroy(&(*stream)->memory);
  free((*stream)->fetch.blocks);
  free(*stream);
  *stream = NULL;
}

const nnt_samples *nnt_stream_samples(const nnt_stream *stream) {
  return &stream->samples;
}

int64_t nnt_stream_reach(const nnt_stream *stream) {
  return nnt_stream_most(stream->data->samples.count, &stream->windows);
}

/* Whether this order was announced as the next one by the last pass. */
static bool is_announced(const nnt_stream *stream, const nnt_sample_order *order) {
  const nnt_sample_order *next = &stream->next;
  return stream->has_next && order->kind == next->kind &&
         memcmp(order->keys, next->keys, sizeof order->keys) == 0;
}

void nnt_stream_start(nnt_stream *stream, const nnt_sample_order *order,
                      const nnt_sample_order *next) {
  /* What was read ahead for another pass must not be used for this one. */
  stream->pass += is_announced(stream, order) ? 1 : 2;
  stream->order = *order;
  stream->has_next = next != NULL;
  if (next != NULL) stream->next = *next;
  stream->front = stream->back = -1;
  stream->samples.slots = stream->slots[stream->pass & 1];
}

void nnt_stream_start_in_order(nnt_stream *stream) {
  nnt_shuffling none = {NNT_SHUFFLE_NONE, stream->windows.block, stream->windows.window};
  nnt_sample_order order = nnt_sample_order_make(&none, stream->data->samples.count, 0, 0);
  nnt_stream_start(stream, &order, NULL);
}

/* --- reading a window --- */

static int compare(const void *a, const void *b) {
  int32_t first = *(const int32_t *)a, second = *(const int32_t *)b;
  return (first > second) - (first < second);
}

/* Lists the window's blocks in file order, and selects those that this rank reads. */
static void list_blocks(nnt_stream *stream) {
  fetch *f = &stream->fetch;
  int64_t first = f->what.window * f->order.window_blocks;
  int64_t rank = nnt_comm_node_rank(stream->comm), size = nnt_comm_node_size(stream->comm);
  f->count = nnt_min_i64(f->order.window_blocks, f->order.blocks - first);
  for (int64_t i = 0; i < f->count; ++i)
    f->blocks[i] = (int32_t)nnt_sample_order_block_at(&f->order, first + i);
  if (f->order.kind != NNT_SHUFFLE_NONE)
    qsort(f->blocks, (size_t)f->count, sizeof *f->blocks, compare);
  f->next = nnt_partition_begin(f->count, size, rank);
  f->end = nnt_partition_begin(f->count, size, rank + 1);
  int32_t *slots = stream->slots[f->what.pass & 1];
  for (int64_t i = f->next; i < f->end; ++i)
    slots[f->blocks[i]] = (int32_t)(f->half * stream->window_blocks + i);
  f->listed = true;
}

/* The end of the run of adjacent blocks that begins with block `first` of the list. */
static int64_t end_of_run(const nnt_stream *stream, int64_t first) {
  const fetch *f = &stream->fetch;
  int64_t most = nnt_max_i64(PIECE_BYTES / (stream->block * stream->x_bytes), 1);
  int64_t end = first + 1;
  while (end < f->end && end - first < most && f->blocks[end] == f->blocks[end - 1] + 1) ++end;
  return end;
}

/* Reads the next run of this rank's blocks. */
static nnt_status read_run(nnt_stream *stream, nnt_error *error) {
  fetch *f = &stream->fetch;
  int64_t end = end_of_run(stream, f->next);
  int64_t first = f->blocks[f->next] * stream->block;
  int64_t last =
      nnt_min_i64((f->blocks[end - 1] + INT64_C(1)) * stream->block, stream->data->samples.count);
  int64_t row = (f->half * stream->window_blocks + f->next) * stream->block;
  f->next = end;
  return nnt_resident_read(stream->data, first, last - first, stream->x + row * stream->x_bytes,
                           stream->y + row * stream->y_bytes, error);
}

/* A piece of the reader's job: a large read, or some small ones. */
static nnt_status fetch_piece(void *context, bool *more, nnt_error *error) {
  nnt_stream *stream = context;
  fetch *f = &stream->fetch;
  *more = true;
  if (!f->listed) {
    list_blocks(stream);
    return NNT_OK;
  }
  nnt_status status = NNT_OK;
  int64_t least = PIECE_BYTES / 8 / (stream->block * stream->x_bytes), first = f->next;
  while (status == NNT_OK && f->next < f->end && f->next - first <= least)
    status = read_run(stream, error);
  if (status != NNT_OK || f->next < f->end) return status;
  *more = false;
  return nnt_resident_check_length(stream->data, error);
}

/* A collective read; a rank that has failed or read all its blocks participates without any. */
static void fetch_together(nnt_stream *stream) {
  fetch *f = &stream->fetch;
  nnt_status status = NNT_OK;
  if (f->next < f->end && f->status == NNT_OK)
    status = read_run(stream, &f->error);
  else
    status = nnt_resident_read(stream->data, 0, 0, NULL, NULL, &f->error);
  if (f->status == NNT_OK) f->status = status;
  ++f->done;
}

/* --- windows in memory --- */

/* A half of the memory without a window in use; -1 when both are in use. */
static int free_half(const nnt_stream *stream) {
  for (int h = 0; h < 2; ++h) {
    place here = stream->halves[h];
    bool used =
        here.pass == stream->pass && (here.window == stream->front || here.window == stream->back);
    if (!used) return h;
  }
  return -1;
}

/* Starts reading a window. After the sync no rank of the node uses that half any more. */
static nnt_status start(nnt_stream *stream, place what, int half, nnt_error *error) {
  fetch *f = &stream->fetch;
  nnt_status status = nnt_node_memory_sync(stream->memory, error);
  if (status != NNT_OK) return status;
  f->active = true;
  f->what = what;
  f->half = half;
  f->order = what.pass == stream->pass ? stream->order : stream->next;
  f->listed = false;
  f->status = NNT_OK;
  f->pieces = f->done = 0;
  stream->halves[half] = (place){0, 0};
  if (stream->reader != NULL) {
    f->job = (nnt_read_job){.piece = fetch_piece, .context = stream};
    nnt_read_ahead_submit(stream->reader, &f->job);
    return NNT_OK;
  }
  list_blocks(stream);
  for (int64_t next = f->next; next < f->end; next = end_of_run(stream, next)) ++f->pieces;
  return nnt_comm_max_int(stream->comm, &f->pieces, 1, error);
}

/* Waits until the window being read is complete on all ranks. */
static nnt_status finish(nnt_stream *stream, nnt_error *error) {
  fetch *f = &stream->fetch;
  nnt_status status = NNT_OK;
  if (stream->reader != NULL) {
    status = nnt_read_ahead_wait(stream->reader, &f->job, error);
  } else {
    while (f->done < f->pieces) fetch_together(stream);
    status = f->status;
    if (status == NNT_OK) status = nnt_resident_check_length(stream->data, &f->error);
    if (status != NNT_OK && error != NULL) *error = f->error;
  }
  f->active = false;
  status = nnt_comm_agree(stream->comm, status, error);
  if (status == NNT_OK) status = nnt_node_memory_sync(stream->memory, error);
  if (status == NNT_OK) stream->halves[f->half] = f->what;
  return status;
}

static nnt_status bring(nnt_stream *stream, int64_t window, nnt_error *error) {
  place what = {stream->pass, window};
  nnt_status status = NNT_OK;
  if (same(stream->halves[0], what) || same(stream->halves[1], what)) return NNT_OK;
  if (stream->fetch.active && !same(stream->fetch.what, what)) status = finish(stream, error);
  if (status == NNT_OK && !stream->fetch.active)
    status = start(stream, what, free_half(stream), error);
  return status == NNT_OK ? finish(stream, error) : status;
}

/* Starts reading the window after those in use, if a half is free. */
static nnt_status start_next(nnt_stream *stream, nnt_error *error) {
  place what = {stream->pass, stream->back + 1};
  if (what.window >= nnt_sample_order_windows(&stream->order)) {
    if (!stream->has_next) return NNT_OK;
    what = (place){stream->pass + 1, 0};
  }
  bool there = same(stream->halves[0], what) || same(stream->halves[1], what);
  int half = free_half(stream);
  if (there || stream->fetch.active || half < 0) return NNT_OK;
  return start(stream, what, half, error);
}

/* Paces collective reads by the position, so that the window being read is complete when the one in
 * use ends. */
static void keep_pace(nnt_stream *stream, int64_t position) {
  fetch *f = &stream->fetch;
  int64_t begin = nnt_sample_order_window_begin(&stream->order, stream->back);
  int64_t end = nnt_sample_order_window_begin(&stream->order, stream->back + 1);
  int64_t due = (int64_t)((double)f->pieces * (double)(position - begin) / (double)(end - begin));
  while (f->active && f->done < nnt_min_i64(due, f->pieces)) fetch_together(stream);
}

/* Makes `front` and `back` the windows in use. */
static nnt_status move(nnt_stream *stream, int64_t front, int64_t back, nnt_error *error) {
  stream->front = front;
  stream->back = back;
  nnt_status status = bring(stream, front, error);
  if (status == NNT_OK && back != front) status = bring(stream, back, error);
  return status == NNT_OK ? start_next(stream, error) : status;
}

nnt_status nnt_stream_need(nnt_stream *stream, int64_t first, int64_t count, nnt_error *error) {
  int64_t front = nnt_sample_order_window_at(&stream->order, first);
  int64_t back = nnt_sample_order_window_at(&stream->order, first + count - 1);
  bool here = front == stream->front && back == stream->back;
  if (here && stream->reader != NULL) return NNT_OK;
  double began = nnt_clock_seconds();
  nnt_status status = here ? NNT_OK : move(stream, front, back, error);
  if (status == NNT_OK && stream->reader == NULL) keep_pace(stream, first + count);
  stream->waited += nnt_clock_seconds() - began;
  return status;
}

double nnt_stream_waited(const nnt_stream *stream) {
  return stream->waited;
}
