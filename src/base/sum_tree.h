/* Summation by a fixed binary tree: bitwise reproducible, whoever computes which part.
 *
 * A tree over `leaves` leaves: tree node (level, index) is the sum of those of the leaves [index <<
 * level, (index + 1) << level) that exist: left child + right child, or the left child alone where
 * there is no right one. Float sums by this tree have the same bits for every cut of the leaves
 * into contiguous parts: a part sums the largest subtrees that lie entirely inside it, and these
 * partial sums are then summed up to the root. Pairwise summation: Higham, SIAM J. Sci. Comput. 14,
 * 1993.
 *
 * A plan is the order of additions over contiguous items (tree nodes, ascending), as a stack
 * machine: item i is taken, the topmost `merges` entries of the stack are added to it one after
 * the other, and the result is stored at `place` of the stack; a result that no later item is added
 * to is an output of the plan. Addition commutes, so entry + item and item + entry are equal. */
#ifndef NNT_BASE_SUM_TREE_H
#define NNT_BASE_SUM_TREE_H

#include <nntrain/status.h>
#include <stdint.h>

/* Entries of a stack: twice the levels of a tree of 2^22 leaves. */
#define NNT_SUM_PLACES 44
#define NNT_SUM_LEAVES (INT64_C(1) << 22)

typedef struct nnt_sum_node {
  int level;
  int64_t index;
} nnt_sum_node;

typedef struct nnt_sum_step {
  int merges;
  int place;  /* of the result; the entries added are place + merges - 1, ..., place */
  int output; /* -1: the result is an entry; else its output index */
} nnt_sum_step;

typedef struct nnt_sum_tree {
  int64_t items;
  nnt_sum_step *steps; /* [items] */
  int outputs;
  nnt_sum_node nodes[NNT_SUM_PLACES]; /* [outputs], ascending */
} nnt_sum_tree;

/* The plan for `count` nodes of the tree over `leaves` (at most NNT_SUM_LEAVES) leaves; `items`
 * NULL stands for the leaves [first, first + count). Freed with nnt_sum_tree_clear. */
nnt_status nnt_sum_tree_create(int64_t leaves, const nnt_sum_node *items, int64_t first,
                               int64_t count, nnt_sum_tree *out, nnt_error *error) NNT_MUST_CHECK;
void nnt_sum_tree_clear(nnt_sum_tree *plan);

#endif
