/* Which rank computes which granules, and in which order the partial sums are added: pure functions
 * of the numbers of granules, nodes and ranks per node. */
#ifndef NNT_COMM_SHARES_H
#define NNT_COMM_SHARES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sum_tree.h"

/* `nodes` nodes of `members` ranks each: rank `member` of node `node` computes the granules of part
 * node * members + member. */
typedef struct nnt_shares {
  int nodes, members;
  int64_t granules;
  bool exact;
  nnt_sum_tree own;     /* this rank's granules */
  nnt_sum_tree in_node; /* the partial sums of this node's ranks */
  nnt_sum_tree in_all;  /* those of all nodes; one output */
  int most;             /* most partial sums of any rank; at least 1 */
  int *member_partials; /* [members] of this node's ranks */
  int *node_partials;   /* [nodes] */
} nnt_shares;

/* `granules` 0: fast, one granule per rank, each node's sum a tree of its own. Local. */
nnt_status nnt_shares_create(int64_t granules, int nodes, int members, int node, int member,
                             nnt_shares *out, nnt_error *error) NNT_MUST_CHECK;
void nnt_shares_clear(nnt_shares *shares);

/* The first granule of a part; `granules` for the part after the last. */
int64_t nnt_shares_begin(const nnt_shares *shares, int64_t part);

#endif
