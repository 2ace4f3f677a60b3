/* The gradient of a batch that is computed in parts. */
#include "net/partial_sums.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "kernels/panels.h"

/* Floats for which a thread pays. */
#define FLOATS_PER_THREAD 65536

struct nnt_partial_sums {
  const nnt_kernels *kernels;
  int threads;
  int64_t floats;
  int64_t count;
  nnt_sum_part *parts; /* [count] */
  int64_t *first_item; /* [count]: of each part, in the plan */
  nnt_sum_tree plan;   /* of all parts' sums */
  float *stack[NNT_SUM_PLACES];
  void *memory; /* the arena of a part, and places of the stack beyond the outputs */
};

/* Every part's plan, and the list of all their sums, at most NNT_SUM_PLACES each. */
static nnt_status plan_parts(nnt_partial_sums *sums, int64_t granules, int64_t first, int64_t count,
                             nnt_sum_node *items, nnt_error *error) {
  int64_t next = 0;
  for (int64_t i = 0; i < sums->count; ++i) {
    nnt_sum_part *part = &sums->parts[i];
    part->first = first + nnt_partition_begin(count, sums->count, i);
    part->count = nnt_partition_count(count, sums->count, i);
    nnt_status status =
        nnt_sum_tree_create(granules, NULL, part->first, part->count, &part->plan, error);
    if (status != NNT_OK) return status;
    sums->first_item[i] = next;
    memcpy(items + next, part->plan.nodes, (size_t)part->plan.outputs * sizeof *items);
    next += part->plan.outputs;
  }
  return nnt_sum_tree_create(granules, items, 0, next, &sums->plan, error);
}

/* Outputs of the whole come first on the stack; what else lies there is memory of our own. */
static nnt_status allocate(nnt_partial_sums *sums, float *outputs, nnt_error *error) {
  int arenas = 0, places = 0;
  for (int64_t i = 0; i < sums->count; ++i)
    arenas = sums->parts[i].plan.outputs > arenas ? sums->parts[i].plan.outputs : arenas;
  for (int64_t i = 0; i < sums->plan.items; ++i)
    places = sums->plan.steps[i].place >= places ? sums->plan.steps[i].place + 1 : places;
  int own = places > sums->plan.outputs ? places - sums->plan.outputs : 0;
  nnt_status status = nnt_memory_allocate((size_t)((arenas + own) * sums->floats) * sizeof(float),
                                          "gradients of a part of a batch", &sums->memory, error);
  for (int p = 0; p < places && status == NNT_OK; ++p) {
    bool is_output = p < sums->plan.outputs;
    sums->stack[p] = is_output
                         ? outputs + p * sums->floats
                         : (float *)sums->memory + (arenas + p - sums->plan.outputs) * sums->floats;
  }
  return status;
}

nnt_status nnt_partial_sums_create(int64_t granules, int64_t first, int64_t count, int64_t parts,
                                   int64_t floats, float *outputs, int threads,
                                   nnt_partial_sums **out, nnt_error *error) {
  *out = NULL;
  nnt_partial_sums *sums = calloc(1, sizeof *sums);
  nnt_sum_node *items = calloc((size_t)count, sizeof *items);
  if (sums != NULL) {
    *sums = (nnt_partial_sums){.threads = threads, .floats = floats, .count = parts};
    sums->parts = calloc((size_t)parts, sizeof *sums->parts);
    sums->first_item = calloc((size_t)parts, sizeof *sums->first_item);
  }
  nnt_status status = NNT_OK;
  if (items == NULL || sums == NULL || sums->parts == NULL || sums->first_item == NULL)
    status = nnt_fail_memory(error, (size_t)count * sizeof *items, "the order of a sum");
  if (status == NNT_OK) status = nnt_kernels_choose(&sums->kernels, error);
  if (status == NNT_OK) status = plan_parts(sums, granules, first, count, items, error);
  if (status == NNT_OK) status = allocate(sums, outputs, error);
  free(items);
  if (status != NNT_OK) {
    nnt_partial_sums_destroy(&sums);
    return status;
  }
  *out = sums;
  return NNT_OK;
}

void nnt_partial_sums_destroy(nnt_partial_sums **sums) {
  nnt_partial_sums *s = *sums;
  if (s == NULL) return;
  for (int64_t i = 0; i < s->count && s->parts != NULL; ++i) nnt_sum_tree_clear(&s->parts[i].plan);
  nnt_sum_tree_clear(&s->plan);
  nnt_memory_free(&s->memory);
  free(s->parts);
  free(s->first_item);
  free(s);
  *sums = NULL;
}

const nnt_sum_part *nnt_partial_sums_part(const nnt_partial_sums *sums, int64_t part) {
  return &sums->parts[part];
}

float *nnt_partial_sums_arena(nnt_partial_sums *sums) {
  return sums->memory;
}

/* Floats [begin, begin + count) of one of a part's sums. */
static void take_range(const nnt_partial_sums *sums, const nnt_sum_step *step, const float *item,
                       int64_t begin, int64_t count) {
  const float *value = item + begin;
  for (int m = step->merges; m > 0; --m) {
    float *entry = sums->stack[step->place + m - 1] + begin;
    sums->kernels->elementwise->add(entry, value, entry, count);
    value = entry;
  }
  if (step->merges == 0)
    memcpy(sums->stack[step->place] + begin, value, (size_t)count * sizeof *value);
}

void nnt_partial_sums_take(nnt_partial_sums *sums, int64_t part) {
  int64_t lines = sums->floats / NNT_PANEL;
  int64_t useful = nnt_min_i64(sums->threads, sums->floats / FLOATS_PER_THREAD + 1);
  for (int i = 0; i < sums->parts[part].plan.outputs; ++i) {
    const nnt_sum_step *step = &sums->plan.steps[sums->first_item[part] + i];
    const float *item = (const float *)sums->memory + i * sums->floats;
#pragma omp parallel num_threads((int)useful) if (useful > 1)
    {
      int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
      take_range(sums, step, item, nnt_partition_begin(lines, threads, thread) * NNT_PANEL,
                 nnt_partition_count(lines, threads, thread) * NNT_PANEL);
    }
  }
}
