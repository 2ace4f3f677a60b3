/* The order of the samples in an epoch: a pseudo-random permutation that can be evaluated at any
 * position without a table. It depends only on seed, epoch, count and the settings of the shuffle,
 * so that ranks need no communication, and a resumed run can continue at any position.
 *
 * A Feistel network with Philox keys (Luby and Rackoff, SIAM J. Comput. 17, 1988) over the next
 * power of two, repeated until the result is in range (cycle walking; Black and Rogaway, CT-RSA
 * 2002).
 *
 * Windowed: the data set is divided into blocks of consecutive samples, the last of which may be
 * smaller. The blocks are permuted; a window is a number of consecutive blocks in that order, and
 * its samples are permuted among themselves. So a window is read from disk in whole blocks. */
#ifndef NNT_DATA_SAMPLE_ORDER_H
#define NNT_DATA_SAMPLE_ORDER_H

#include <nntrain/status.h>
#include <nntrain/streaming.h>
#include <stdint.h>

#define NNT_ORDER_ROUNDS 8

typedef struct nnt_sample_order {
  nnt_shuffle kind;
  int64_t count;
  int64_t block;                   /* samples per block; full: all */
  int64_t blocks;                  /* in the data set */
  int64_t window_blocks;           /* per window */
  int64_t short_place;             /* place of the last block, which lacks `missing` samples */
  int64_t missing;                 /* 0 if it is as large as the others */
  uint64_t keys[NNT_ORDER_ROUNDS]; /* of the samples (full) or the blocks (windowed) */
  uint64_t inner_keys[NNT_ORDER_ROUNDS]; /* of the samples in a window */
} nnt_sample_order;

/* The full shuffle. */
nnt_sample_order nnt_sample_order_of(int64_t count, uint64_t seed, int64_t epoch);
/* Any kind but AUTO. A windowed shuffle has a block and a window; if the block is 0, the data set
 * is one block. */
nnt_sample_order nnt_sample_order_make(const nnt_shuffling *shuffling, int64_t count, uint64_t seed,
                                       int64_t epoch);

/* The sample at `position`, both in [0, count). One-to-one. */
int64_t nnt_sample_order_at(const nnt_sample_order *order, int64_t position);

/* The number of windows; 1 for a full shuffle. Window w consists of the positions [begin(w),
 * begin(w + 1)) and the block places [w * window_blocks, (w + 1) * window_blocks), as far as they
 * exist. */
int64_t nnt_sample_order_windows(const nnt_sample_order *order);
int64_t nnt_sample_order_window_begin(const nnt_sample_order *order, int64_t window);
int64_t nnt_sample_order_window_at(const nnt_sample_order *order, int64_t position);
/* The block at a place, both in [0, blocks). One-to-one. */
int64_t nnt_sample_order_block_at(const nnt_sample_order *order, int64_t place);

/* "auto", "full", "windowed", "none"; NULL beyond. */
const char *nnt_shuffle_name(nnt_shuffle value);
/* Errors: NNT_BAD_USAGE, with the valid names. */
nnt_status nnt_shuffle_parse(const char *name, nnt_shuffle *out, nnt_error *error) NNT_MUST_CHECK;

#endif
