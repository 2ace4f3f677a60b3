/* Summation of arrays of floats in the order of a sum plan. */
#include "comm/tree_sum.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch.h"

/* Floats at a time: the partial sums of a block stay in the L1 cache. */
#define BLOCK 1024
/* Fewest floats per thread. */
#define THREAD_FLOATS 32768

struct nnt_tree_sum {
  const nnt_sum_tree *plan;
  const nnt_kernels *kernels;
  int threads;
  void *stacks; /* [threads, NNT_SUM_PLACES, BLOCK] floats */
};

nnt_status nnt_tree_sum_create(const nnt_sum_tree *plan, int threads, nnt_tree_sum **out,
                               nnt_error *error) {
  *out = NULL;
  nnt_tree_sum *sum = calloc(1, sizeof *sum);
  if (sum == NULL) return nnt_fail_memory(error, sizeof *sum, "a sum");
  sum->plan = plan;
  sum->threads = threads > 1 ? threads : 1;
  nnt_status status = nnt_kernels_choose(&sum->kernels, error);
  if (status == NNT_OK)
    status = nnt_memory_allocate((size_t)sum->threads * NNT_SUM_PLACES * BLOCK * sizeof(float),
                                 "a sum", &sum->stacks, error);
  if (status != NNT_OK) {
    nnt_tree_sum_destroy(&sum);
    return status;
  }
  *out = sum;
  return NNT_OK;
}

void nnt_tree_sum_destroy(nnt_tree_sum **sum) {
  if (*sum == NULL) return;
  nnt_memory_free(&(*sum)->stacks);
  free(*sum);
  *sum = NULL;
}

/* One block of `count` floats, `from` floats into the outputs. */
static void run_block(const nnt_tree_sum *sum, float *stack, const float *const *items,
                      int64_t first, float *const *outputs, int64_t from, int64_t count) {
  const float *entries[NNT_SUM_PLACES]; /* items themselves, or sums on the stack */
  for (int64_t i = 0; i < sum->plan->items; ++i) {
    const nnt_sum_step *step = &sum->plan->steps[i];
    const float *value = items[i] + first + from;
    for (int m = step->merges; m > 0; --m) {
      bool final = m == 1 && step->output >= 0;
      float *target =
          final ? outputs[step->output] + from : stack + (int64_t)(step->place + m - 1) * BLOCK;
      sum->kernels->elementwise->add(entries[step->place + m - 1], value, target, count);
      value = target;
    }
    entries[step->place] = value;
    if (step->merges == 0 && step->output >= 0 && value != outputs[step->output] + from)
      memcpy(outputs[step->output] + from, value, (size_t)count * sizeof(float));
  }
}

void nnt_tree_sum_part(nnt_tree_sum *sum, int thread, int threads, const float *const *items,
                       int64_t first, float *const *outputs, int64_t count) {
  int64_t blocks = nnt_ceil_div(count, BLOCK);
  float *stack = (float *)sum->stacks + (int64_t)thread * NNT_SUM_PLACES * BLOCK;
  int64_t begin = nnt_partition_begin(blocks, threads, thread) * BLOCK;
  int64_t end = nnt_min_i64(nnt_partition_begin(blocks, threads, thread + 1) * BLOCK, count);
  for (int64_t from = begin; from < end; from += BLOCK)
    run_block(sum, stack, items, first, outputs, from, nnt_min_i64(BLOCK, end - from));
}

void nnt_tree_sum_run(nnt_tree_sum *sum, const float *const *items, int64_t first,
                      float *const *outputs, int64_t count) {
  int64_t worth = nnt_min_i64(count / THREAD_FLOATS, sum->threads);
  if (worth <= 1 || omp_in_parallel()) {
    nnt_tree_sum_part(sum, 0, 1, items, first, outputs, count);
    return;
  }
#pragma omp parallel num_threads((int)worth)
  nnt_tree_sum_part(sum, omp_get_thread_num(), omp_get_num_threads(), items, first, outputs, count);
}
