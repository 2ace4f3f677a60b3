/* Adds up arrays of floats in the order of a sum plan (base/sum_plan.h). Local. */
#ifndef NNT_COMM_PLAN_SUM_H
#define NNT_COMM_PLAN_SUM_H

#include <stdint.h>

#include "base/sum_plan.h"

typedef struct nnt_plan_sum nnt_plan_sum;

/* For up to `threads` threads. The plan is borrowed. */
nnt_status nnt_plan_sum_create(const nnt_sum_plan *plan, int threads, nnt_plan_sum **out,
                               nnt_error *error) NNT_MUST_CHECK;
void nnt_plan_sum_destroy(nnt_plan_sum **sum);

/* outputs[o][i] = the plan's output o over items[...][first + i], for i < count, a multiple of 32.
 * An output may be a part of an item. On as many threads as it is worth; inside a parallel region
 * by the calling thread alone, one at a time. */
void nnt_plan_sum_run(nnt_plan_sum *sum, const float *const *items, int64_t first,
                      float *const *outputs, int64_t count);
/* The part of it that thread `thread` of `threads` has: all call it, with the same sum. */
void nnt_plan_sum_part(nnt_plan_sum *sum, int thread, int threads, const float *const *items,
                       int64_t first, float *const *outputs, int64_t count);

#endif
