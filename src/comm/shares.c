/* Distribution of the granules over the ranks. */
#include "comm/shares.h"

#include <stdlib.h>
#include <string.h>

#include "base/partition.h"

int64_t nnt_shares_begin(const nnt_shares *shares, int64_t part) {
  return nnt_partition_begin(shares->granules, (int64_t)shares->nodes * shares->members, part);
}

/* The plan of one part; its outputs are its partial sums. */
static nnt_status partials_of(const nnt_shares *shares, int64_t part, nnt_sum_tree *plan,
                              nnt_error *error) {
  int64_t first = nnt_shares_begin(shares, part);
  return nnt_sum_tree_create(shares->granules, NULL, first,
                             nnt_shares_begin(shares, part + 1) - first, plan, error);
}

/* The partial sums of a node's ranks, in order, and the plan that adds them. */
static nnt_status plan_node(nnt_shares *shares, int node, int *partials, nnt_sum_node *items,
                            nnt_sum_tree *out, nnt_error *error) {
  int64_t count = 0;
  nnt_status status = NNT_OK;
  for (int m = 0; m < shares->members && status == NNT_OK; ++m) {
    nnt_sum_tree plan;
    status = partials_of(shares, (int64_t)node * shares->members + m, &plan, error);
    if (status != NNT_OK) break;
    memcpy(items + count, plan.nodes, (size_t)plan.outputs * sizeof *items);
    count += plan.outputs;
    if (partials != NULL) partials[m] = plan.outputs;
    if (plan.outputs > shares->most) shares->most = plan.outputs;
    nnt_sum_tree_clear(&plan);
  }
  if (status == NNT_OK) status = nnt_sum_tree_create(shares->granules, items, 0, count, out, error);
  return status;
}

/* The plan over the partial sums of all nodes; also sets this node's plan. */
static nnt_status plan_all(nnt_shares *shares, int node, nnt_sum_node *items, nnt_sum_node *all,
                           nnt_error *error) {
  int64_t count = 0;
  nnt_status status = NNT_OK;
  for (int n = 0; n < shares->nodes && status == NNT_OK; ++n) {
    nnt_sum_tree plan = {0};
    int *partials = n == node ? shares->member_partials : NULL;
    status = plan_node(shares, n, partials, items, &plan, error);
    memcpy(all + count, plan.nodes, (size_t)plan.outputs * sizeof *all);
    count += plan.outputs;
    shares->node_partials[n] = plan.outputs;
    if (n == node)
      shares->in_node = plan;
    else
      nnt_sum_tree_clear(&plan);
  }
  if (status == NNT_OK)
    status = nnt_sum_tree_create(shares->granules, all, 0, count, &shares->in_all, error);
  return status;
}

/* Every rank has one sum; a node reduces those of its ranks by a tree of its own. */
static nnt_status plan_fast(nnt_shares *shares, nnt_error *error) {
  for (int m = 0; m < shares->members; ++m) shares->member_partials[m] = 1;
  for (int n = 0; n < shares->nodes; ++n) shares->node_partials[n] = 1;
  return nnt_sum_tree_create(shares->members, NULL, 0, shares->members, &shares->in_node, error);
}

nnt_status nnt_shares_create(int64_t granules, int nodes, int members, int node, int member,
                             nnt_shares *out, nnt_error *error) {
  int64_t parts = (int64_t)nodes * members;
  *out = (nnt_shares){.nodes = nodes,
                      .members = members,
                      .granules = granules > 0 ? granules : parts,
                      .exact = granules > 0,
                      .most = 1};
  /* A part has at most as many partial sums as granules. */
  int64_t most = nnt_min_i64(parts * NNT_SUM_PLACES, out->granules);
  nnt_sum_node *items = calloc((size_t)most, sizeof *items);
  nnt_sum_node *all = calloc((size_t)most, sizeof *all);
  out->member_partials = calloc((size_t)members, sizeof(int));
  out->node_partials = calloc((size_t)nodes, sizeof(int));
  nnt_status status = NNT_OK;
  if (items == NULL || all == NULL || out->member_partials == NULL || out->node_partials == NULL)
    status = nnt_fail_memory(error, (size_t)most * sizeof *items, "the order of a sum");
  if (status == NNT_OK)
    status = partials_of(out, (int64_t)node * members + member, &out->own, error);
  if (status == NNT_OK)
    status = out->exact ? plan_all(out, node, items, all, error) : plan_fast(out, error);
  free(items);
  free(all);
  if (status != NNT_OK) nnt_shares_clear(out);
  return status;
}

void nnt_shares_clear(nnt_shares *shares) {
  nnt_sum_tree_clear(&shares->own);
  nnt_sum_tree_clear(&shares->in_node);
  nnt_sum_tree_clear(&shares->in_all);
  free(shares->member_partials);
  free(shares->node_partials);
  *shares = (nnt_shares){0};
}
