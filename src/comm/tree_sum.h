/* Summation of arrays of floats in the order of a sum plan (base/sum_tree.h). Local. */
#ifndef NNT_COMM_TREE_SUM_H
#define NNT_COMM_TREE_SUM_H

#include <stdint.h>

#include "base/sum_tree.h"

typedef struct nnt_tree_sum nnt_tree_sum;

/* For up to `threads` threads. The plan is borrowed. */
nnt_status nnt_tree_sum_create(const nnt_sum_tree *plan, int threads, nnt_tree_sum **out,
                               nnt_error *error) NNT_MUST_CHECK;
void nnt_tree_sum_destroy(nnt_tree_sum **sum);

/* outputs[o][i] = the plan's output o over items[...][first + i], for i < count, a multiple of 32.
 * An output may be in place, in one of the items. Uses as many threads as pay off; inside a
 * parallel region only the calling thread, one at a time. */
void nnt_tree_sum_run(nnt_tree_sum *sum, const float *const *items, int64_t first,
                      float *const *outputs, int64_t count);
/* The share of thread `thread` of `threads`: all of them call it, with the same sum. */
void nnt_tree_sum_part(nnt_tree_sum *sum, int thread, int threads, const float *const *items,
                       int64_t first, float *const *outputs, int64_t count);

#endif
