/* Adds up arrays of floats in the order of a sum plan. */
#include "comm/plan_sum.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch.h"

/* Floats at a time: the partial sums of a piece stay in the L1 cache. */
#define PIECE 1024

struct nnt_plan_sum {
  const nnt_sum_plan *plan;
  const nnt_kernels *kernels;
  void *stack; /* [NNT_SUM_PLACES, PIECE] floats */
};

nnt_status nnt_plan_sum_create(const nnt_sum_plan *plan, nnt_plan_sum **out, nnt_error *error) {
  *out = NULL;
  nnt_plan_sum *sum = calloc(1, sizeof *sum);
  if (sum == NULL) return nnt_fail_memory(error, sizeof *sum, "a sum");
  sum->plan = plan;
  nnt_status status = nnt_kernels_choose(&sum->kernels, error);
  if (status == NNT_OK)
    status = nnt_memory_allocate((size_t)NNT_SUM_PLACES * PIECE * sizeof(float), "a sum",
                                 &sum->stack, error);
  if (status != NNT_OK) {
    nnt_plan_sum_destroy(&sum);
    return status;
  }
  *out = sum;
  return NNT_OK;
}

void nnt_plan_sum_destroy(nnt_plan_sum **sum) {
  if (*sum == NULL) return;
  nnt_memory_free(&(*sum)->stack);
  free(*sum);
  *sum = NULL;
}

/* One piece of `count` floats, `from` floats into the outputs. */
static void run_piece(const nnt_plan_sum *sum, const float *const *items, int64_t first,
                      float *const *outputs, int64_t from, int64_t count) {
  const float *entries[NNT_SUM_PLACES]; /* items themselves, or sums on the stack */
  for (int64_t i = 0; i < sum->plan->items; ++i) {
    const nnt_sum_step *step = &sum->plan->steps[i];
    const float *value = items[i] + first + from;
    for (int m = step->merges; m > 0; --m) {
      bool final = m == 1 && step->output >= 0;
      float *target = final ? outputs[step->output] + from
                            : (float *)sum->stack + (int64_t)(step->place + m - 1) * PIECE;
      sum->kernels->elementwise->add(entries[step->place + m - 1], value, target, count);
      value = target;
    }
    entries[step->place] = value;
    if (step->merges == 0 && step->output >= 0 && value != outputs[step->output] + from)
      memcpy(outputs[step->output] + from, value, (size_t)count * sizeof(float));
  }
}

void nnt_plan_sum_run(nnt_plan_sum *sum, const float *const *items, int64_t first,
                      float *const *outputs, int64_t count) {
  for (int64_t from = 0; from < count; from += PIECE)
    run_piece(sum, items, first, outputs, from, nnt_min_i64(PIECE, count - from));
}
