/* Averaging the gradients over all ranks while the backward pass goes on, and the memory that this
 * takes: the arenas of gradients, parameters and optimiser state.
 *
 * The arenas are cut into buckets, which become complete last layer first. The scale 1 / batch is
 * already in the gradients (layers/network.h), so the sum over the batch is the average.
 * Data-parallel synchronous SGD: Dean et al., NIPS 2012; bucketed overlap: Li et al., PyTorch
 * Distributed, VLDB 2020.
 *
 * Exact: the batch is cut into granules, the leaves of a fixed tree (base/sum_tree.h). Every rank
 * takes contiguous granules and has the sums of the largest nodes of the tree that it holds; the
 * exchange adds these up in the tree's order. So the bits do not depend on the number of ranks, or
 * on the nodes that they are on. Fast: each rank has one sum, in any order.
 *
 * Shared (the default): the gradients of a node's ranks lie in memory that they share, parameters
 * and optimiser state once a node. Local rank i sums slice i of every bucket over the node's ranks,
 * then over the nodes among the ranks of local index i (comm/reduction.h), and alone updates that
 * slice. Flat: every rank has its own arenas and updates everything; the sum is over all ranks. */
#ifndef NNT_COMM_GRADIENT_EXCHANGE_H
#define NNT_COMM_GRADIENT_EXCHANGE_H

#include <nntrain/comm.h>
#include <nntrain/parallel.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/sum_tree.h"

typedef struct nnt_gradient_exchange nnt_gradient_exchange;

/* What an exchange is made for. Buckets are whole rows of 32 floats. The last bucket ends with a
 * row of 32 floats of its own, whose average all ranks can read (the layout's tail). */
typedef struct nnt_exchange_plan {
  int buckets;
  const int64_t *begin; /* [buckets + 1], copied: bucket b is floats [begin[b], begin[b + 1]) */
  int states;           /* arenas for the optimiser too */
  int64_t scratch;      /* doubles for what the ranks that share parameters tell each other */
  int64_t granules;     /* leaves of the exact sum, at most NNT_SUM_LEAVES; 0: fast */
  nnt_allreduce mode;
  int threads; /* of a rank, that add up */
} nnt_exchange_plan;

/* Collective. Every arena is zero at first. Errors: NNT_OUT_OF_MEMORY, NNT_MPI_ERROR. */
nnt_status nnt_gradient_exchange_create(nnt_comm *comm, const nnt_exchange_plan *plan,
                                        nnt_gradient_exchange **out,
                                        nnt_error *error) NNT_MUST_CHECK;
/* Collective. NULL in it is accepted. */
void nnt_gradient_exchange_destroy(nnt_gradient_exchange **exchange);

/* What this rank computes of a batch: granules [first, first + count) of all, summed by the plan;
 * output i of the plan goes to arena i of the gradients. */
typedef struct nnt_exchange_share {
  int64_t granules, first, count;
  const nnt_sum_tree *plan;
} nnt_exchange_share;
nnt_exchange_share nnt_gradient_exchange_share(const nnt_gradient_exchange *exchange);

/* This rank's gradients: an arena for each output of its share's plan, one after the other. */
float *nnt_gradient_exchange_gradients(nnt_gradient_exchange *exchange);
/* Parameters, optimiser state `index` (NULL beyond the last) and scratch; the node's one copy, or
 * this rank's own. */
float *nnt_gradient_exchange_parameters(nnt_gradient_exchange *exchange);
float *nnt_gradient_exchange_state(nnt_gradient_exchange *exchange, int index);
double *nnt_gradient_exchange_scratch(nnt_gradient_exchange *exchange);
/* Ranks that share this rank's parameters: the node's, or 1; and this rank's number among them. */
int nnt_gradient_exchange_sharers(const nnt_gradient_exchange *exchange);
int nnt_gradient_exchange_index(const nnt_gradient_exchange *exchange);
/* Whether this rank is the one to write parameters and state before the first step. */
bool nnt_gradient_exchange_writes(const nnt_gradient_exchange *exchange);
/* Collective: what was written to the arenas before is seen by all ranks of the node after. */
nnt_status nnt_gradient_exchange_sync(nnt_gradient_exchange *exchange,
                                      nnt_error *error) NNT_MUST_CHECK;

/* The bucket of this rank's gradients is complete; its floats must not be touched until the step is
 * finished. All ranks start the buckets in the same order. An error is kept and returned by finish.
 * Collective. Inside a parallel region every thread calls it, and all are through with the bucket;
 * the main thread talks to the other ranks. */
void nnt_gradient_exchange_start(nnt_gradient_exchange *exchange, int bucket);
/* Moves on what was started, when the last time was a while ago. Not collective. */
void nnt_gradient_exchange_poll(nnt_gradient_exchange *exchange);

/* Floats [begin, end) of `gradients` are averaged, and this rank is to update them; `bucket` holds
 * them all. */
typedef void (*nnt_range_ready)(void *context, int bucket, int64_t begin, int64_t end,
                                const float *gradients);
/* Completes the step: hands every range that this rank is to update to `ready`, in the order of the
 * starts, and returns when the node's parameters are all updated. Collective. */
nnt_status nnt_gradient_exchange_finish(nnt_gradient_exchange *exchange, nnt_range_ready ready,
                                        void *context, nnt_error *error) NNT_MUST_CHECK;
/* After a finish, until the next: the last 32 floats of the arena, averaged, on all ranks. */
const float *nnt_gradient_exchange_tail(const nnt_gradient_exchange *exchange);

#endif
