/* This rank's part of a mini-batch: pointers to the samples, and their targets. The samples
 * themselves are read, converted and normalised by the network (layers/input_layer.h). */
#ifndef NNT_DATA_LOADER_H
#define NNT_DATA_LOADER_H

#include "data/sample_order.h"
#include "data/samples.h"

/* The destination of a batch; NULL members are skipped. Targets are one-hot if the samples have
 * classes. */
typedef struct nnt_batch {
  const void **rows; /* [count] */
  nnt_panels targets;
  int32_t *classes;
  float *weights; /* not written if the samples have none */
  /* For samples that are mixed in pairs (mixup). */
  const void **partner_rows;
  int32_t *partner_classes;
  float *shares; /* weight of the row's own class in its loss */
} nnt_batch;

/* Indices of the samples at positions [first, first + count) of `order` (NULL: as stored), with up
 * to `threads` OpenMP threads. */
void nnt_loader_order(const nnt_sample_order *order, int64_t first, int64_t count, int threads,
                      int64_t *indices);

/* Fills the first `count` rows of the batch with the samples `indices`. */
void nnt_loader_find(const nnt_samples *samples, const int64_t *indices, int64_t count,
                     const nnt_batch *batch);

/* Mixes the first `count` rows of the batch, already filled, with the samples `partners`: targets
 * and weights are `share` times the row's own plus 1 - share times the partner's; the shares of the
 * classes follow from the weights of both samples. */
void nnt_loader_mix(const nnt_samples *samples, const int64_t *partners, int64_t count, float share,
                    const nnt_batch *batch);

/* The sum of the weights of the samples at positions [first, first + count), added in their order.
 */
double nnt_loader_weight(const nnt_samples *samples, const nnt_sample_order *order, int64_t first,
                         int64_t count, int threads);

#endif
