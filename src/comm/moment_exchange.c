/* What the ranks tell each other in the middle of a step, about the whole batch. */
#include "comm/moment_exchange.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "base/memory.h"
#include "comm/comm.h"

struct nnt_moment_exchange {
  MPI_Comm ranks; /* its own: other messages are under way meanwhile */
  int size;
  int own;          /* nodes of this rank */
  int *node_counts; /* [size] */
  int *first_node;  /* [size] */
  int *counts;      /* [size] floats of a gather */
  int *places;
  nnt_sum_tree plan;
  void *arrays; /* [own, most] floats */
  void *all;    /* [items of the plan, most]; NULL: there is one rank */
  nnt_status status;
  nnt_error error;
};

/* What a rank holds of the tree. */
typedef struct holding {
  int64_t first_granule;
  int64_t count;
  nnt_sum_node nodes[NNT_SUM_PLACES];
} holding;

/* Nodes of all ranks in the order of their granules, which need not be that of the ranks. */
static nnt_status plan_nodes(nnt_moment_exchange *nodes, const holding *held, int64_t granules,
                             nnt_error *error) {
  size_t total = 0;
  for (int r = 0; r < nodes->size; ++r) {
    for (int other = 0; other < nodes->size; ++other) {
      if (held[other].first_granule < held[r].first_granule)
        nodes->first_node[r] += (int)held[other].count;
    }
    nodes->node_counts[r] = (int)held[r].count;
    total += (size_t)held[r].count;
  }
  nnt_sum_node *items = calloc(total + 1, sizeof *items);
  if (items == NULL) return nnt_fail_memory(error, total * sizeof *items, "a sum");
  for (int r = 0; r < nodes->size; ++r) {
    for (int i = 0; i < nodes->node_counts[r]; ++i)
      items[nodes->first_node[r] + i] = held[r].nodes[i];
  }
  nnt_status status = nnt_sum_tree_create(granules, items, 0, (int64_t)total, &nodes->plan, error);
  free(items);
  return status;
}

static nnt_status learn_holdings(nnt_comm *comm, nnt_moment_exchange *nodes,
                                 const nnt_exchange_share *share, nnt_error *error) {
  holding own = {.first_granule = share->first, .count = share->plan->outputs};
  for (int i = 0; i < share->plan->outputs; ++i) own.nodes[i] = share->plan->nodes[i];
  holding *held = calloc((size_t)nodes->size, sizeof *held);
  nnt_status status = NNT_OK;
  if (held == NULL)
    status = nnt_fail_memory(error, (size_t)nodes->size * sizeof *held, "the ranks' parts");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = nnt_comm_gather(comm, &own, sizeof own, held, error);
  if (status == NNT_OK) status = plan_nodes(nodes, held, share->granules, error);
  free(held);
  return status;
}

static nnt_status allocate(nnt_moment_exchange *nodes, int64_t most, nnt_error *error) {
  nnt_status status = nnt_memory_allocate((size_t)(nodes->own * most) * sizeof(float),
                                          "batch normalisation", &nodes->arrays, error);
  if (status != NNT_OK || nodes->size == 1) return status;
  if (nodes->plan.items > INT_MAX / most)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "batch normalisation is too wide for one message\n%" PRId64
                    " floats of %" PRId64 " parts of a batch\nuse fewer ranks, or --layer-norm",
                    most, nodes->plan.items);
  return nnt_memory_allocate((size_t)(nodes->plan.items * most) * sizeof(float),
                             "batch normalisation", &nodes->all, error);
}

nnt_status nnt_moment_exchange_create(nnt_comm *comm, const nnt_gradient_exchange *exchange,
                                      int64_t most, nnt_moment_exchange **out, nnt_error *error) {
  nnt_exchange_share share = nnt_gradient_exchange_share(exchange);
  size_t size = (size_t)comm->size;
  *out = NULL;
  nnt_moment_exchange *nodes = calloc(1, sizeof *nodes);
  int *lists = calloc(4 * size, sizeof *lists);
  nnt_status status = NNT_OK;
  if (nodes == NULL || lists == NULL)
    status = nnt_fail_memory(error, 4 * size * sizeof *lists, "batch normalisation");
  status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK || nodes == NULL || lists == NULL) {
    free(nodes);
    free(lists);
    return status;
  }
  *nodes = (nnt_moment_exchange){.ranks = MPI_COMM_NULL,
                                 .size = comm->size,
                                 .own = share.plan->outputs,
                                 .node_counts = lists,
                                 .first_node = lists + size,
                                 .counts = lists + 2 * size,
                                 .places = lists + 3 * size};
  status = learn_holdings(comm, nodes, &share, error);
  if (status == NNT_OK) status = allocate(nodes, most, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_comm_check(MPI_Comm_dup(comm->world, &nodes->ranks), "MPI_Comm_dup", error);
  if (status != NNT_OK) {
    nnt_moment_exchange_destroy(&nodes);
    return status;
  }
  *out = nodes;
  return NNT_OK;
}

void nnt_moment_exchange_destroy(nnt_moment_exchange **nodes) {
  nnt_moment_exchange *n = *nodes;
  if (n == NULL) return;
  if (n->ranks != MPI_COMM_NULL) (void)MPI_Comm_free(&n->ranks);
  nnt_sum_tree_clear(&n->plan);
  nnt_memory_free(&n->arrays);
  nnt_memory_free(&n->all);
  free(n->node_counts);
  free(n);
  *nodes = NULL;
}

const nnt_sum_tree *nnt_moment_exchange_plan(const nnt_moment_exchange *nodes) {
  return &nodes->plan;
}

float *nnt_moment_exchange_own(nnt_moment_exchange *nodes) {
  return nodes->arrays;
}

const float *nnt_moment_exchange_gather(nnt_moment_exchange *nodes, int64_t count) {
  if (nodes->size == 1) return nodes->arrays;
  for (int r = 0; r < nodes->size; ++r) {
    nodes->counts[r] = nodes->node_counts[r] * (int)count;
    nodes->places[r] = nodes->first_node[r] * (int)count;
  }
  nnt_error error;
  nnt_status status = nodes->status;
  if (status == NNT_OK)
    status =
        nnt_comm_check(MPI_Allgatherv(nodes->arrays, nodes->own * (int)count, MPI_FLOAT, nodes->all,
                                      nodes->counts, nodes->places, MPI_FLOAT, nodes->ranks),
                       "MPI_Allgatherv", &error);
  if (status != NNT_OK && nodes->status == NNT_OK) {
    nodes->status = status;
    nodes->error = error;
  }
  return nodes->all;
}

nnt_status nnt_moment_exchange_check(const nnt_moment_exchange *nodes, nnt_error *error) {
  if (nodes->status != NNT_OK) *error = nodes->error;
  return nodes->status;
}
