/* The order of the samples in an epoch. */
#include "data/sample_order.h"

#include <stdbool.h>
#include <string.h>

#include "base/partition.h"
#include "base/rng.h"

/* Offset of the keys for the samples in windows in the same random stream. */
#define INNER_KEYS 64

static const char *const names[NNT_SHUFFLE_COUNT] = {"auto", "full", "windowed", "none"};

static void make_keys(uint64_t seed, int64_t epoch, uint64_t first,
                      uint64_t keys[NNT_ORDER_ROUNDS]) {
  for (int i = 0; i < NNT_ORDER_ROUNDS; ++i) {
    nnt_rng_block words =
        nnt_rng_words(seed, NNT_RNG_SAMPLE_ORDER, (uint32_t)epoch, first + (uint64_t)i);
    keys[i] = ((uint64_t)words.word[0] << 32 | words.word[1]) | 1;
  }
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

/* A permutation of [0, count): `tweak` chooses one of many under the same keys. */
typedef struct permutation {
  const uint64_t *keys;
  uint64_t tweak;
  int64_t count;
  int right_bits;
  uint64_t left_mask, right_mask;
} permutation;

static permutation permutation_of(const uint64_t *keys, uint64_t tweak, int64_t count) {
  int bits = count > 4 ? 64 - __builtin_clzll((unsigned long long)(count - 1)) : 2;
  int right = bits / 2;
  return (permutation){.keys = keys,
                       .tweak = tweak,
                       .count = count,
                       .right_bits = right,
                       .left_mask = (UINT64_C(1) << (bits - right)) - 1,
                       .right_mask = (UINT64_C(1) << right) - 1};
}

/* One-to-one on the next power of two: each round changes one half by a function of the other. */
static int64_t permute(const permutation *p, int64_t position) {
  uint64_t value = (uint64_t)position;
  do {
    uint64_t left = value >> p->right_bits, right = value & p->right_mask;
    for (int i = 0; i < NNT_ORDER_ROUNDS; i += 2) {
      left ^= mix(right + p->tweak, p->keys[i]) & p->left_mask;
      right ^= mix(left + p->tweak, p->keys[i + 1]) & p->right_mask;
    }
    value = left << p->right_bits | right;
  } while (value >= (uint64_t)p->count);
  return (int64_t)value;
}

/* The inverse. */
static int64_t permute_inverse(const permutation *p, int64_t image) {
  uint64_t value = (uint64_t)image;
  do {
    uint64_t left = value >> p->right_bits, right = value & p->right_mask;
    for (int i = NNT_ORDER_ROUNDS - 2; i >= 0; i -= 2) {
      right ^= mix(left + p->tweak, p->keys[i + 1]) & p->right_mask;
      left ^= mix(right + p->tweak, p->keys[i]) & p->left_mask;
    }
    value = left << p->right_bits | right;
  } while (value >= (uint64_t)p->count);
  return (int64_t)value;
}

nnt_sample_order nnt_sample_order_make(const nnt_shuffling *shuffling, int64_t count, uint64_t seed,
                                       int64_t epoch) {
  bool whole = shuffling->kind == NNT_SHUFFLE_FULL || shuffling->block == 0;
  nnt_sample_order order = {.kind = shuffling->kind,
                            .count = count,
                            .block = whole ? count : nnt_min_i64(shuffling->block, count)};
  order.blocks = nnt_ceil_div(count, order.block);
  order.window_blocks = whole ? 1 : nnt_max_i64(shuffling->window / order.block, 1);
  order.short_place = order.blocks - 1;
  order.missing = order.blocks * order.block - count;
  if (order.kind == NNT_SHUFFLE_NONE) return order;
  make_keys(seed, epoch, 0, order.keys);
  if (order.kind == NNT_SHUFFLE_FULL) return order;
  make_keys(seed, epoch, INNER_KEYS, order.inner_keys);
  permutation places = permutation_of(order.keys, 0, order.blocks);
  order.short_place = permute_inverse(&places, order.blocks - 1);
  return order;
}

nnt_sample_order nnt_sample_order_of(int64_t count, uint64_t seed, int64_t epoch) {
  nnt_shuffling full = {.kind = NNT_SHUFFLE_FULL};
  return nnt_sample_order_make(&full, count, seed, epoch);
}

int64_t nnt_sample_order_windows(const nnt_sample_order *order) {
  return nnt_ceil_div(order->blocks, order->window_blocks);
}

int64_t nnt_sample_order_window_begin(const nnt_sample_order *order, int64_t window) {
  int64_t place = nnt_min_i64(window * order->window_blocks, order->blocks);
  return place * order->block - (place > order->short_place ? order->missing : 0);
}

int64_t nnt_sample_order_window_at(const nnt_sample_order *order, int64_t position) {
  int64_t size = order->window_blocks * order->block;
  int64_t short_window = order->short_place / order->window_blocks;
  bool behind = position >= nnt_sample_order_window_begin(order, short_window + 1);
  return (position + (behind ? order->missing : 0)) / size;
}

int64_t nnt_sample_order_block_at(const nnt_sample_order *order, int64_t place) {
  if (order->kind != NNT_SHUFFLE_WINDOWED) return place;
  permutation places = permutation_of(order->keys, 0, order->blocks);
  return permute(&places, place);
}

static int64_t windowed_at(const nnt_sample_order *order, int64_t position) {
  int64_t window = nnt_sample_order_window_at(order, position);
  int64_t begin = nnt_sample_order_window_begin(order, window);
  int64_t count = nnt_sample_order_window_begin(order, window + 1) - begin;
  uint64_t tweak = mix((uint64_t)window, order->inner_keys[0]);
  permutation inside = permutation_of(order->inner_keys, tweak, count);
  int64_t inner = permute(&inside, position - begin);
  /* Count from the first place of the window as if all blocks had the same size. */
  int64_t short_end =
      (order->short_place - window * order->window_blocks + 1) * order->block - order->missing;
  if (short_end > 0 && inner >= short_end) inner += order->missing;
  int64_t place = inner / order->block;
  return nnt_sample_order_block_at(order, window * order->window_blocks + place) * order->block +
         inner - place * order->block;
}

int64_t nnt_sample_order_at(const nnt_sample_order *order, int64_t position) {
  if (order->kind == NNT_SHUFFLE_NONE) return position;
  if (order->kind == NNT_SHUFFLE_WINDOWED) return windowed_at(order, position);
  permutation all = permutation_of(order->keys, 0, order->count);
  return permute(&all, position);
}

const char *nnt_shuffle_name(nnt_shuffle value) {
  return (unsigned)value < NNT_SHUFFLE_COUNT ? names[value] : NULL;
}

nnt_status nnt_shuffle_parse(const char *name, nnt_shuffle *out, nnt_error *error) {
  *out = NNT_SHUFFLE_AUTO;
  for (int i = 0; i < NNT_SHUFFLE_COUNT; ++i) {
    if (strcmp(names[i], name) != 0) continue;
    *out = (nnt_shuffle)i;
    return NNT_OK;
  }
  return nnt_fail(error, NNT_BAD_USAGE,
                  "unknown shuffle\n--shuffle %s\nchoose one of: auto, full, windowed, none", name);
}
