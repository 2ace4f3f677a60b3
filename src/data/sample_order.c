/* The order of the samples in an epoch. */
#include "data/sample_order.h"

#include "base/rng.h"

nnt_sample_order nnt_sample_order_of(int64_t count, uint64_t seed, int64_t epoch) {
  nnt_sample_order order = {.count = count};
  int bits = 2;
  while (bits < 62 && (INT64_C(1) << bits) < count) ++bits;
  order.right_bits = bits / 2;
  order.left_bits = bits - order.right_bits;
  for (int i = 0; i < NNT_ORDER_ROUNDS; ++i) {
    nnt_rng_block words = nnt_rng_words(seed, NNT_RNG_SAMPLE_ORDER, (uint32_t)epoch, (uint64_t)i);
    order.keys[i] = ((uint64_t)words.word[0] << 32 | words.word[1]) | 1;
  }
  return order;
}

/* Mixes one half with a round's key: the finaliser of MurmurHash3 (Appleby). */
static uint64_t mix(uint64_t half, uint64_t key) {
  uint64_t x = (half + 1) * key;
  x ^= x >> 33;
  x *= UINT64_C(0xff51afd7ed558ccd);
  x ^= x >> 33;
  x *= UINT64_C(0xc4ceb9fe1a85ec53);
  return x ^ (x >> 33);
}

/* One-to-one on the next power of two: each round changes one half by a function of the other. */
static uint64_t permute(const nnt_sample_order *order, uint64_t value) {
  uint64_t right_mask = (UINT64_C(1) << order->right_bits) - 1;
  uint64_t left_mask = (UINT64_C(1) << order->left_bits) - 1;
  uint64_t left = value >> order->right_bits;
  uint64_t right = value & right_mask;
  for (int i = 0; i < NNT_ORDER_ROUNDS; i += 2) {
    left ^= mix(right, order->keys[i]) & left_mask;
    right ^= mix(left, order->keys[i + 1]) & right_mask;
  }
  return left << order->right_bits | right;
}

int64_t nnt_sample_order_at(const nnt_sample_order *order, int64_t position) {
  uint64_t value = (uint64_t)position;
  do {
    value = permute(order, value);
  } while (value >= (uint64_t)order->count);
  return (int64_t)value;
}
