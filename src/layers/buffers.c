/* Memory of a pass by lifetimes. */
#include "layers/buffers.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#define LINE ((int64_t)(NNT_ALIGNMENT / sizeof(float)))

void nnt_buffers_add(nnt_buffers *buffers, int64_t floats, int first, int last, float **out) {
  assert(buffers->count < NNT_MAX_BUFFERS && first <= last);
  buffers->buffers[buffers->count++] = (nnt_buffer){
      .floats = (floats + LINE - 1) / LINE * LINE, .first = first, .last = last, .out = out};
}

#if defined(__SANITIZE_ADDRESS__)

void nnt_buffers_place(nnt_buffers *buffers, nnt_arena *arena) {
  for (int i = 0; i < buffers->count; ++i) {
    nnt_buffer *buffer = &buffers->buffers[i];
    *buffer->out = nnt_arena_slice(arena, (size_t)buffer->floats * sizeof(float));
  }
}

#else

/* The largest first; those of one size in the order of their times, so that the result is the same
 * everywhere. */
static int compare(const void *a, const void *b) {
  const nnt_buffer *x = a, *y = b;
  if (x->floats != y->floats) return x->floats < y->floats ? 1 : -1;
  if (x->first != y->first) return x->first < y->first ? -1 : 1;
  return (x->last > y->last) - (x->last < y->last);
}

static bool collide(const nnt_buffer *a, const nnt_buffer *b) {
  return a->first <= b->last && b->first <= a->last && a->offset < b->offset + b->floats &&
         b->offset < a->offset + a->floats;
}

/* The lowest place that is free, among those behind others. */
static void place(nnt_buffers *buffers, int number) {
  nnt_buffer *buffer = &buffers->buffers[number];
  buffer->offset = 0;
  for (int i = 0; i < number; ++i) {
    const nnt_buffer *other = &buffers->buffers[i];
    if (!collide(buffer, other)) continue;
    buffer->offset = other->offset + other->floats;
    i = -1; /* what was free before need not be free here */
  }
}

void nnt_buffers_place(nnt_buffers *buffers, nnt_arena *arena) {
  int64_t floats = 0;
  qsort(buffers->buffers, (size_t)buffers->count, sizeof *buffers->buffers, compare);
  for (int i = 0; i < buffers->count; ++i) {
    nnt_buffer *buffer = &buffers->buffers[i];
    place(buffers, i);
    if (buffer->offset + buffer->floats > floats) floats = buffer->offset + buffer->floats;
  }
  float *memory = nnt_arena_slice(arena, (size_t)floats * sizeof(float));
  for (int i = 0; i < buffers->count; ++i) {
    nnt_buffer *buffer = &buffers->buffers[i];
    *buffer->out = memory != NULL ? memory + buffer->offset : NULL;
  }
}

#endif
