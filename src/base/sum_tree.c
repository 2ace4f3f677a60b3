/* Summation by a fixed binary tree. */
#include "base/sum_tree.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

static bool is_root(int64_t leaves, nnt_sum_node node) {
  return node.index == 0 && (INT64_C(1) << node.level) >= leaves;
}

/* A left child without a sibling is its parent. */
static nnt_sum_node promote(int64_t leaves, nnt_sum_node node) {
  while (!is_root(leaves, node) && node.index % 2 == 0 &&
         (node.index + 1) << node.level >= leaves) {
    ++node.level;
    node.index /= 2;
  }
  return node;
}

/* Pushes one item onto the stack of tree nodes; returns the new height. */
static int push(int64_t leaves, nnt_sum_node item, nnt_sum_node *stack, int height,
                nnt_sum_step *step) {
  nnt_sum_node node = promote(leaves, item);
  step->merges = 0;
  while (height > 0 && node.index % 2 == 1 && stack[height - 1].level == node.level &&
         stack[height - 1].index == node.index - 1) {
    --height;
    ++step->merges;
    node = promote(leaves, (nnt_sum_node){node.level + 1, node.index / 2});
  }
  assert(height < NNT_SUM_PLACES);
  step->place = height;
  step->output = -1;
  stack[height] = node;
  return height + 1;
}

nnt_status nnt_sum_tree_create(int64_t leaves, const nnt_sum_node *items, int64_t first,
                               int64_t count, nnt_sum_tree *out, nnt_error *error) {
  *out = (nnt_sum_tree){.items = count};
  assert(leaves <= NNT_SUM_LEAVES);
  if (count == 0) return NNT_OK;
  out->steps = calloc((size_t)count, sizeof *out->steps);
  if (out->steps == NULL)
    return nnt_fail_memory(error, (size_t)count * sizeof *out->steps, "the order of a sum");
  for (int64_t i = 0; i < count; ++i) {
    nnt_sum_node item = items != NULL ? items[i] : (nnt_sum_node){0, first + i};
    out->outputs = push(leaves, item, out->nodes, out->outputs, &out->steps[i]);
  }
  /* A final stack entry was written by the last step to its place. */
  int place = out->outputs - 1;
  for (int64_t i = count - 1; i >= 0 && place >= 0; --i) {
    if (out->steps[i].place == place) {
      out->steps[i].output = place;
      --place;
    }
  }
  return NNT_OK;
}

void nnt_sum_tree_clear(nnt_sum_tree *plan) {
  free(plan->steps);
  *plan = (nnt_sum_tree){0};
}
