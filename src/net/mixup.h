/* Mixing samples in pairs (nntrain/methods.h). */
#ifndef NNT_NET_MIXUP_H
#define NNT_NET_MIXUP_H

#include "kernels/elementwise.h"

/* The own share l of an update, from Beta(alpha, alpha): a function of seed and update.
 * Beta from two gamma variables: Marsaglia and Tsang, ACM TOMS 26, 2000. */
float nnt_mixup_share(double alpha, uint64_t seed, int64_t update);

/* The position in a batch that is mixed with `position`. */
static inline int64_t nnt_mixup_partner(int64_t batch, int64_t position) {
  return batch - 1 - position;
}

/* out[i] = share * own[i] + (1 - share) * partner[i], as numbers of the stored type's unit. */
void nnt_mixup_rows(nnt_element element, const void *own, const void *partner, int64_t count,
                    float share, float *out);

#endif
