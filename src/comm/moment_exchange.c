/* Gathering batch statistics of all ranks in the middle of a step. */
#include "comm/moment_exchange.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "base/memory.h"
#include "comm/comm.h"

struct nnt_moment_exchange {
  MPI_Comm ranks; /* a duplicate: other collectives may be in progress */
  int size;
  int own;             /* partial sums of this rank */
  int *partial_counts; /* [size] */
  int *first_partial;  /* [size] */
  int *counts;         /* [size] floats of a gather */
  int *places;
  nnt_sum_tree plan;
  void *arrays; /* [own, most] floats */
  void *all;    /* [items of the plan, most]; NULL with one rank */
  nnt_status status;
  nnt_error error;
};

/* The tree nodes whose sums a rank computes. */
typedef struct rank_partials {
  int64_t first_granule;
  int64_t count;
  nnt_sum_node nodes[NNT_SUM_PLACES];
} rank_partials;

/* Orders the tree nodes of all ranks by granule, which need not be rank order. */
static nnt_status plan_merge(nnt_moment_exchange *moments, const rank_partials *all,
                             int64_t granules, nnt_error *error) {
  size_t total = 0;
  for (int r = 0; r < moments->size; ++r) {
    for (int other = 0; other < moments->size; ++other) {
      if (all[other].first_granule < all[r].first_granule)
        moments->first_partial[r] += (int)all[other].count;
    }
    moments->partial_counts[r] = (int)all[r].count;
    total += (size_t)all[r].count;
  }
  nnt_sum_node *items = calloc(total + 1, sizeof *items);
  if (items == NULL) return nnt_fail_memory(error, total * sizeof *items, "a sum");
  for (int r = 0; r < moments->size; ++r) {
    for (int i = 0; i < moments->partial_counts[r]; ++i)
      items[moments->first_partial[r] + i] = all[r].nodes[i];
  }
  nnt_status status =
      nnt_sum_tree_create(granules, items, 0, (int64_t)total, &moments->plan, error);
  free(items);
  return status;
}

static nnt_status gather_partials(nnt_comm *comm, nnt_moment_exchange *moments,
                                  const nnt_exchange_share *share, nnt_error *error) {
  rank_partials own = {.first_granule = share->first, .count = share->plan->outputs};
  for (int i = 0; i < share->plan->outputs; ++i) own.nodes[i] = share->plan->nodes[i];
  rank_partials *all = calloc((size_t)moments->size, sizeof *all);
  nnt_status status = NNT_OK;
  if (all == NULL)
    status = nnt_fail_memory(error, (size_t)moments->size * sizeof *all, "the ranks' parts");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = nnt_comm_gather(comm, &own, sizeof own, all, error);
  if (status == NNT_OK) status = plan_merge(moments, all, share->granules, error);
  free(all);
  return status;
}

static nnt_status allocate(nnt_moment_exchange *moments, int64_t most, nnt_error *error) {
  nnt_status status = nnt_memory_allocate((size_t)(moments->own * most) * sizeof(float),
                                          "batch normalisation", &moments->arrays, error);
  if (status != NNT_OK || moments->size == 1) return status;
  if (moments->plan.items > INT_MAX / most)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "batch normalisation is too wide for one MPI message\n%" PRId64
                    " floats of %" PRId64 " partial sums\nuse fewer ranks, or --norm layer",
                    most, moments->plan.items);
  return nnt_memory_allocate((size_t)(moments->plan.items * most) * sizeof(float),
                             "batch normalisation", &moments->all, error);
}

nnt_status nnt_moment_exchange_create(nnt_comm *comm, const nnt_gradient_exchange *exchange,
                                      int64_t most, nnt_moment_exchange **out, nnt_error *error) {
  nnt_exchange_share share = nnt_gradient_exchange_share(exchange);
  size_t size = (size_t)comm->size;
  *out = NULL;
  nnt_moment_exchange *moments = calloc(1, sizeof *moments);
  int *lists = calloc(4 * size, sizeof *lists);
  nnt_status status = NNT_OK;
  if (moments == NULL || lists == NULL)
    status = nnt_fail_memory(error, 4 * size * sizeof *lists, "batch normalisation");
  status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK || moments == NULL || lists == NULL) {
    free(moments);
    free(lists);
    return status;
  }
  *moments = (nnt_moment_exchange){.ranks = MPI_COMM_NULL,
                                   .size = comm->size,
                                   .own = share.plan->outputs,
                                   .partial_counts = lists,
                                   .first_partial = lists + size,
                                   .counts = lists + 2 * size,
                                   .places = lists + 3 * size};
  status = gather_partials(comm, moments, &share, error);
  if (status == NNT_OK) status = allocate(moments, most, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_comm_check(MPI_Comm_dup(comm->world, &moments->ranks), "MPI_Comm_dup", error);
  if (status != NNT_OK) {
    nnt_moment_exchange_destroy(&moments);
    return status;
  }
  *out = moments;
  return NNT_OK;
}

void nnt_moment_exchange_destroy(nnt_moment_exchange **moments) {
  nnt_moment_exchange *n = *moments;
  if (n == NULL) return;
  if (n->ranks != MPI_COMM_NULL) (void)MPI_Comm_free(&n->ranks);
  nnt_sum_tree_clear(&n->plan);
  nnt_memory_free(&n->arrays);
  nnt_memory_free(&n->all);
  free(n->partial_counts);
  free(n);
  *moments = NULL;
}

const nnt_sum_tree *nnt_moment_exchange_plan(const nnt_moment_exchange *moments) {
  return &moments->plan;
}

float *nnt_moment_exchange_own(nnt_moment_exchange *moments) {
  return moments->arrays;
}

const float *nnt_moment_exchange_gather(nnt_moment_exchange *moments, int64_t count) {
  if (moments->size == 1) return moments->arrays;
  for (int r = 0; r < moments->size; ++r) {
    moments->counts[r] = moments->partial_counts[r] * (int)count;
    moments->places[r] = moments->first_partial[r] * (int)count;
  }
  nnt_error error;
  nnt_status status = moments->status;
  if (status == NNT_OK)
    status = nnt_comm_check(
        MPI_Allgatherv(moments->arrays, moments->own * (int)count, MPI_FLOAT, moments->all,
                       moments->counts, moments->places, MPI_FLOAT, moments->ranks),
        "MPI_Allgatherv", &error);
  if (status != NNT_OK && moments->status == NNT_OK) {
    moments->status = status;
    moments->error = error;
  }
  return moments->all;
}

nnt_status nnt_moment_exchange_check(const nnt_moment_exchange *moments, nnt_error *error) {
  if (moments->status != NNT_OK) *error = moments->error;
  return moments->status;
}
