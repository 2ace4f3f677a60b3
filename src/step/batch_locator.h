/* Which samples a step takes, and where they lie: fills a network's rows, classes, targets and
 * weights. Local. */
#ifndef NNT_STEP_BATCH_LOCATOR_H
#define NNT_STEP_BATCH_LOCATOR_H

#include "data/sample_order.h"
#include "data/samples.h"
#include "layers/network.h"

typedef struct nnt_batch_locator nnt_batch_locator;

/* For up to `capacity` rows of `network`; samples and network are borrowed. `ahead`: small batches
 * are prefetched a step ahead. */
nnt_status nnt_batch_locator_create(const nnt_samples *samples, nnt_network *network,
                                    int64_t capacity, bool ahead, int threads,
                                    nnt_batch_locator **out, nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted. */
void nnt_batch_locator_destroy(nnt_batch_locator **locator);

/* Rows [position, position + count) of the batch of `batch` samples that begins at position `first`
 * of the order. */
typedef struct nnt_batch_part {
  const nnt_sample_order *order;
  int64_t first, batch, position, count;
} nnt_batch_part;

/* Into the network's first rows; `share` of each is its own sample where samples are mixed. */
void nnt_batch_locator_find(nnt_batch_locator *locator, const nnt_batch_part *part, float share);

/* Where the rows of a part to come lie, [part->count]; NULL: not to be prefetched. Valid until the
 * next call. */
const void *const *nnt_batch_locator_foresee(nnt_batch_locator *locator,
                                             const nnt_batch_part *part);

#endif
