/* Finding this rank's part of a mini-batch: where each sample lies, and its target. The samples
 * themselves are read, converted and normalised by the network (layers/input_layer.h). */
#ifndef NNT_DATA_LOADER_H
#define NNT_DATA_LOADER_H

#include "data/sample_order.h"
#include "data/samples.h"

/* Where a batch goes; what is NULL is left out. Targets are one-hot when the samples have
 * classes. */
typedef struct nnt_batch {
  const void **rows; /* [count] */
  nnt_panels targets;
  int32_t *classes;
  float *weights; /* left alone where the samples have none */
  /* Of samples that are mixed with others. */
  const void **partner_rows;
  int32_t *partner_classes;
  float *shares; /* of the row's own class in its loss */
} nnt_batch;

/* The samples at positions [first, first + count) of `order` (NULL: as stored), on up to `threads`
 * OpenMP threads. */
void nnt_loader_order(const nnt_sample_order *order, int64_t first, int64_t count, int threads,
                      int64_t *indices);

/* Samples `indices` into the batch's first `count` rows. */
void nnt_loader_find(const nnt_samples *samples, const int64_t *indices, int64_t count,
                     const nnt_batch *batch);

/* Mixes the batch's first `count` rows, which are there, with samples `partners`: targets and
 * weights as `share` of the own one and 1 - share of the partner's; the classes' shares such that
 * each keeps its own weight. */
void nnt_loader_mix(const nnt_samples *samples, const int64_t *partners, int64_t count, float share,
                    const nnt_batch *batch);

/* The sum of the weights of the samples at positions [first, first + count), added in their order.
 */
double nnt_loader_weight(const nnt_samples *samples, const nnt_sample_order *order, int64_t first,
                         int64_t count, int threads);

#endif
