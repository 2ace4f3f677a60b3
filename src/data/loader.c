/* Gathering this rank's part of a mini-batch. */
#include "data/loader.h"

#include <omp.h>
#include <stddef.h>

#include "base/partition.h"

/* Elements that are worth a thread. */
#define ELEMENTS_PER_THREAD 65536
/* Samples, and bytes of each, that are asked for ahead of their use. */
#define AHEAD 4
#define PREFETCH_BYTES 2048

static void gather_target(const nnt_loader *loader, int64_t index, const nnt_panels *targets,
                          int64_t row) {
  const nnt_samples *samples = loader->samples;
  int64_t place = nnt_samples_place(samples, index);
  for (int64_t c = 0; c < targets->columns; ++c)
    *nnt_panels_at(targets, row, c) = samples->classes != NULL
                                          ? (float)(samples->classes[place] == c)
                                          : samples->targets[place * samples->target_columns + c];
}

static void gather_row(const nnt_loader *loader, int64_t index, const nnt_batch *batch,
                       int64_t row) {
  const nnt_samples *samples = loader->samples;
  loader->kernels->elementwise->gather[samples->element](
      nnt_samples_row(samples, index), loader->shift, loader->scale, samples->features,
      batch->inputs.data + row * NNT_PANEL, batch->inputs.stride);
  if (samples->classes != NULL)
    batch->classes[row] = samples->classes[nnt_samples_place(samples, index)];
  if (batch->targets.data != NULL) gather_target(loader, index, &batch->targets, row);
}

static int64_t index_of(const nnt_sample_order *order, int64_t position) {
  return order != NULL ? nnt_sample_order_at(order, position) : position;
}

/* Asks for the start of a sample; the processor itself follows a longer one. */
static void prefetch(const nnt_samples *samples, int64_t index) {
  const char *x = nnt_samples_row(samples, index);
  int64_t bytes = samples->features * nnt_element_bytes(samples->element);
  for (int64_t i = 0; i < bytes && i < PREFETCH_BYTES; i += 64) __builtin_prefetch(x + i);
}

/* Rows [begin, end) on one thread. Samples lie anywhere in memory: a few are asked for ahead. */
static void gather_rows(const nnt_loader *loader, const nnt_sample_order *order, int64_t first,
                        int64_t begin, int64_t end, const nnt_batch *batch) {
  int64_t indices[AHEAD];
  for (int64_t row = begin; row < end + AHEAD; ++row) {
    int64_t *slot = &indices[row % AHEAD];
    if (row >= begin + AHEAD) gather_row(loader, *slot, batch, row - AHEAD);
    if (row >= end) continue;
    *slot = index_of(order, first + row);
    prefetch(loader->samples, *slot);
  }
}

void nnt_loader_gather(const nnt_loader *loader, const nnt_sample_order *order, int64_t first,
                       int64_t count, const nnt_batch *batch) {
  int64_t useful = count * loader->samples->features / ELEMENTS_PER_THREAD + 1;
  int threads = useful < loader->threads ? (int)useful : loader->threads;
  /* Even a region of one thread costs time that small batches feel. */
  if (threads <= 1) {
    gather_rows(loader, order, first, 0, count, batch);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    int64_t size = omp_get_num_threads(), thread = omp_get_thread_num();
    gather_rows(loader, order, first, nnt_partition_begin(count, size, thread),
                nnt_partition_begin(count, size, thread + 1), batch);
  }
}
