/* The order of the samples in an epoch: a pseudo-random permutation that can be asked at any
 * position, without a table. A function of (seed, epoch, count) alone; so no rank needs a message
 * to know it, and a resumed run finds its place at once.
 *
 * A Feistel network with Philox keys (Luby and Rackoff, SIAM J. Comput. 17, 1988) over the next
 * power of two, walked until it falls inside (cycle walking; Black and Rogaway, CT-RSA 2002). */
#ifndef NNT_DATA_SAMPLE_ORDER_H
#define NNT_DATA_SAMPLE_ORDER_H

#include <stdint.h>

#define NNT_ORDER_ROUNDS 8

typedef struct nnt_sample_order {
  int64_t count;
  int left_bits, right_bits;
  uint64_t keys[NNT_ORDER_ROUNDS];
} nnt_sample_order;

nnt_sample_order nnt_sample_order_of(int64_t count, uint64_t seed, int64_t epoch);

/* The sample at `position`, both in [0, count). One-to-one. */
int64_t nnt_sample_order_at(const nnt_sample_order *order, int64_t position);

#endif
