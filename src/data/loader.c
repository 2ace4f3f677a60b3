/* Gathering this rank's part of a mini-batch. */
#include "data/loader.h"

#include <string.h>

/* Elements that are worth a thread. */
#define ELEMENTS_PER_THREAD 16384

static void gather_target(const nnt_loader *loader, int64_t index, const nnt_panels *targets,
                          int64_t row) {
  const nnt_samples *samples = loader->samples;
  for (int64_t c = 0; c < targets->columns; ++c)
    *nnt_panels_at(targets, row, c) = samples->classes != NULL
                                          ? (float)(samples->classes[index] == c)
                                          : samples->targets[index * samples->target_columns + c];
}

static void gather_row(const nnt_loader *loader, int64_t index, const nnt_batch *batch,
                       int64_t row) {
  const nnt_samples *samples = loader->samples;
  loader->kernels->elementwise->gather[samples->element](
      nnt_samples_row(samples, index), loader->shift, loader->scale, samples->features,
      batch->inputs.data + row * NNT_PANEL, batch->inputs.stride);
  if (samples->classes != NULL) batch->classes[row] = samples->classes[index];
  if (batch->targets.data != NULL) gather_target(loader, index, &batch->targets, row);
}

void nnt_loader_gather(const nnt_loader *loader, const nnt_sample_order *order, int64_t first,
                       int64_t count, const nnt_batch *batch) {
  int64_t useful = count * loader->samples->features / ELEMENTS_PER_THREAD + 1;
  int threads = useful < loader->threads ? (int)useful : loader->threads;
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
  for (int64_t row = 0; row < count; ++row) {
    int64_t position = first + row;
    gather_row(loader, order != NULL ? nnt_sample_order_at(order, position) : position, batch, row);
  }
}
