/* Which samples a step takes, and where they lie. */
#include "step/batch_locator.h"

#include <stdlib.h>
#include <string.h>

#include "data/loader.h"
#include "net/mixup.h"

/* Bytes of a batch up to which it is prefetched during the step before. */
#define NEXT_BYTES (INT64_C(1) << 18)

struct nnt_batch_locator {
  const nnt_samples *samples;
  int threads;
  nnt_batch batch;
  int64_t *indices;  /* [capacity] */
  int64_t *partners; /* [capacity] of samples that are mixed; NULL: none are */
  /* Of the part to come: */
  int64_t *next_indices;          /* [capacity] */
  nnt_sample_order next_order;    /* what next_indices are of */
  int64_t next_first, next_count; /* next_count 0: nothing */
  const void **next;              /* [capacity] where they lie; NULL: not prefetched */
};

nnt_status nnt_batch_locator_create(const nnt_samples *samples, nnt_network *network,
                                    int64_t capacity, bool ahead, int threads,
                                    nnt_batch_locator **out, nnt_error *error) {
  nnt_network_pairs pairs = nnt_network_partners(network);
  size_t count = (size_t)capacity + 1;
  int64_t bytes = capacity * samples->features * nnt_element_bytes(samples->element);
  ahead = ahead && bytes <= NEXT_BYTES;
  nnt_batch_locator *locator = calloc(1, sizeof *locator);
  *out = locator;
  if (locator == NULL) return nnt_fail_memory(error, sizeof *locator, "training");
  locator->samples = samples;
  locator->threads = threads;
  locator->indices = calloc(count, sizeof *locator->indices);
  locator->next_indices = calloc(count, sizeof *locator->next_indices);
  if (pairs.rows != NULL) locator->partners = calloc(count, sizeof *locator->partners);
  if (ahead) locator->next = calloc(count, sizeof *locator->next);
  if (locator->indices == NULL || locator->next_indices == NULL ||
      (pairs.rows != NULL && locator->partners == NULL) || (ahead && locator->next == NULL)) {
    nnt_batch_locator_destroy(out);
    return nnt_fail_memory(error, count * sizeof(int64_t), "training");
  }
  locator->batch = (nnt_batch){.rows = nnt_network_rows(network),
                               .targets = nnt_network_targets(network),
                               .weights = nnt_network_weights(network),
                               .classes = nnt_network_classes(network),
                               .partner_rows = pairs.rows,
                               .partner_classes = pairs.classes,
                               .shares = pairs.shares};
  return NNT_OK;
}

void nnt_batch_locator_destroy(nnt_batch_locator **locator) {
  nnt_batch_locator *f = *locator;
  if (f == NULL) return;
  free(f->indices);
  free(f->partners);
  free(f->next_indices);
  free(f->next);
  free(f);
  *locator = NULL;
}

/* The order of an epoch is a value: the same one has the same keys. */
static bool is_same_order(const nnt_sample_order *a, const nnt_sample_order *b) {
  return a->count == b->count && memcmp(a->keys, b->keys, sizeof a->keys) == 0;
}

/* The partners of contiguous rows are contiguous too, and come the other way round. */
static void find_partners(nnt_batch_locator *locator, const nnt_batch_part *part) {
  int64_t last = nnt_mixup_partner(part->batch, part->position + part->count - 1);
  nnt_loader_order(part->order, part->first + last, part->count, locator->threads,
                   locator->partners);
  for (int64_t low = 0, high = part->count - 1; low < high; ++low, --high) {
    int64_t kept = locator->partners[low];
    locator->partners[low] = locator->partners[high];
    locator->partners[high] = kept;
  }
}

/* Known from the step before, or asked of the order. */
void nnt_batch_locator_find(nnt_batch_locator *locator, const nnt_batch_part *part, float share) {
  int64_t first = part->first + part->position, count = part->count;
  if (locator->next_first == first && locator->next_count == count &&
      is_same_order(&locator->next_order, part->order)) {
    int64_t *known = locator->next_indices;
    locator->next_indices = locator->indices;
    locator->indices = known;
  } else {
    nnt_loader_order(part->order, first, count, locator->threads, locator->indices);
  }
  nnt_loader_find(locator->samples, locator->indices, count, &locator->batch);
  if (locator->partners == NULL || count == 0) return;
  find_partners(locator, part);
  nnt_loader_mix(locator->samples, locator->partners, count, share, &locator->batch);
}

const void *const *nnt_batch_locator_foresee(nnt_batch_locator *locator,
                                             const nnt_batch_part *part) {
  locator->next_count = 0;
  if (locator->next == NULL || part->count == 0) return NULL;
  nnt_batch next = {.rows = locator->next};
  int64_t first = part->first + part->position;
  nnt_loader_order(part->order, first, part->count, locator->threads, locator->next_indices);
  nnt_loader_find(locator->samples, locator->next_indices, part->count, &next);
  locator->next_order = *part->order;
  locator->next_first = first;
  locator->next_count = part->count;
  return locator->next;
}
