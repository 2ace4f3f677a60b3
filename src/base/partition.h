/* Cutting n items into `size` contiguous parts whose lengths differ by at most one.
 * Part `rank` is [begin(rank), begin(rank + 1)). Pure functions, as in p4est. */
#ifndef NNT_BASE_PARTITION_H
#define NNT_BASE_PARTITION_H

#include <stdint.h>

static inline int64_t nnt_partition_begin(int64_t n, int64_t size, int64_t rank) {
  int64_t quotient = n / size;
  int64_t remainder = n % size;
  return quotient * rank + (rank < remainder ? rank : remainder);
}

static inline int64_t nnt_partition_count(int64_t n, int64_t size, int64_t rank) {
  return n / size + (rank < n % size ? 1 : 0);
}

static inline int64_t nnt_ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

static inline int64_t nnt_min_i64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static inline int64_t nnt_max_i64(int64_t a, int64_t b) {
  return a > b ? a : b;
}

#endif
