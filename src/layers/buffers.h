/* Memory of a pass by lifetimes: buffers that are never in use at the same time share it.
 *
 * Every buffer says from which time to which it is used; the times are those of a schedule that is
 * the same in every step. The largest buffers are placed first, each at the lowest place that is
 * free all its time (greedy by size: Pisarchyk and Lee, arXiv:2001.03288). In builds with
 * AddressSanitizer nothing is shared, so that its red zones lie between all buffers. */
#ifndef NNT_LAYERS_BUFFERS_H
#define NNT_LAYERS_BUFFERS_H

#include <stdint.h>

#include "base/memory.h"

/* Buffers of one network, at most. */
#define NNT_MAX_BUFFERS 1024
/* A time after all others. */
#define NNT_TIME_END 0x7fffffff

typedef struct nnt_buffer {
  int64_t floats;
  int first, last; /* times, both included */
  float **out;
  int64_t offset; /* in floats */
} nnt_buffer;

/* All zero at first. */
typedef struct nnt_buffers {
  int count;
  nnt_buffer buffers[NNT_MAX_BUFFERS];
} nnt_buffers;

/* A buffer of `floats` floats, aligned to NNT_ALIGNMENT, that nnt_buffers_place tells *out. */
void nnt_buffers_add(nnt_buffers *buffers, int64_t floats, int first, int last, float **out);
/* Places all of them in slices of the arena; while that counts, every *out is NULL. */
void nnt_buffers_place(nnt_buffers *buffers, nnt_arena *arena);

#endif
