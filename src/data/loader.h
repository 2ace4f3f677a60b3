/* Gathering this rank's part of a mini-batch: from the stored type to normalised float32, in the
 * layout that the network reads. */
#ifndef NNT_DATA_LOADER_H
#define NNT_DATA_LOADER_H

#include "data/sample_order.h"
#include "data/samples.h"
#include "kernels/dispatch.h"

typedef struct nnt_loader {
  const nnt_kernels *kernels;
  const nnt_samples *samples; /* borrowed */
  const float *shift, *scale; /* [features padded to whole panels], borrowed */
  int threads;                /* the largest number of OpenMP threads to use */
} nnt_loader;

/* Where a batch goes; a matrix without data is left out. Targets are one-hot when the samples have
 * classes. */
typedef struct nnt_batch {
  nnt_panels inputs;
  nnt_panels targets;
  int32_t *classes;
} nnt_batch;

/* Samples at positions [first, first + count) of `order` (NULL: as stored) into the batch's first
 * `count` rows. */
void nnt_loader_gather(const nnt_loader *loader, const nnt_sample_order *order, int64_t first,
                       int64_t count, const nnt_batch *batch);

#endif
