/* Averaging the gradients over all ranks, overlapped with the backward pass, and the arenas of
 * gradients, parameters and optimiser state.
 *
 * The arenas are cut into buckets, which become ready last layer first. The factor 1 / batch is
 * already in the gradients (layers/network.h), so the sum over the batch is the average.
 * Data-parallel synchronous SGD: Dean et al., NIPS 2012; bucketed overlap: Li et al., PyTorch
 * Distributed, VLDB 2020.
 *
 * Exact: fixed-order tree reduction, bitwise reproducible. The batch is cut into granules, the
 * leaves of the reduction tree (base/sum_tree.h). Every rank computes contiguous granules and sums
 * the largest subtrees among them; the exchange adds these partial sums in tree order. So the bits
 * do not depend on the number of ranks or their placement. Fast: one sum per rank, added in any
 * order.
 *
 * Shared (the default): the gradients of a node's ranks lie in shared memory, with one copy of the
 * parameters and optimiser state per node. Local rank i sums slice i of every bucket over the
 * node's ranks, then over the nodes with the other ranks of local index i (comm/reduction.h), and
 * alone updates that slice. Flat: every rank has its own arenas and updates everything; the sum is
 * over all ranks. */
#ifndef NNT_COMM_GRADIENT_EXCHANGE_H
#define NNT_COMM_GRADIENT_EXCHANGE_H

#include <nntrain/comm.h>
#include <nntrain/parallel.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/sum_tree.h"

typedef struct nnt_gradient_exchange nnt_gradient_exchange;

/* Parameters of an exchange. Buckets are whole rows of 32 floats. The last bucket ends with an
 * additional row of 32 floats, whose average all ranks can read (the layout's tail). */
typedef struct nnt_exchange_plan {
  int buckets;
  const int64_t *begin; /* [buckets + 1], copied: bucket b is floats [begin[b], begin[b + 1]) */
  int states;           /* arenas of optimiser state */
  int64_t scratch;      /* doubles of scratch shared by the ranks that share parameters */
  int64_t granules;     /* leaves of the reduction tree, at most NNT_SUM_LEAVES; 0: fast */
  nnt_allreduce mode;
  int threads; /* per rank, for summing */
} nnt_exchange_plan;

/* Collective. The arenas are zero-initialised. Errors: NNT_OUT_OF_MEMORY, NNT_MPI_ERROR. */
nnt_status nnt_gradient_exchange_create(nnt_comm *comm, const nnt_exchange_plan *plan,
                                        nnt_gradient_exchange **out,
                                        nnt_error *error) NNT_MUST_CHECK;
/* Collective. *exchange may be NULL. */
void nnt_gradient_exchange_destroy(nnt_gradient_exchange **exchange);

/* This rank's share of a batch: granules [first, first + count) of `granules`, summed by the plan;
 * output i of the plan goes to arena i of the gradients. */
typedef struct nnt_exchange_share {
  int64_t granules, first, count;
  const nnt_sum_tree *plan;
} nnt_exchange_share;
nnt_exchange_share nnt_gradient_exchange_share(const nnt_gradient_exchange *exchange);

/* This rank's gradients: an arena per output of its share's plan, contiguous. */
float *nnt_gradient_exchange_gradients(nnt_gradient_exchange *exchange);
/* Parameters, optimiser state `index` (NULL beyond the last) and scratch: the node's shared copy,
 * or this rank's own. */
float *nnt_gradient_exchange_parameters(nnt_gradient_exchange *exchange);
float *nnt_gradient_exchange_state(nnt_gradient_exchange *exchange, int index);
double *nnt_gradient_exchange_scratch(nnt_gradient_exchange *exchange);
/* Ranks that share this rank's parameters: those of the node, or 1; and this rank's index among
 * them. */
int nnt_gradient_exchange_sharers(const nnt_gradient_exchange *exchange);
int nnt_gradient_exchange_index(const nnt_gradient_exchange *exchange);
/* Whether this rank initialises parameters and state before the first step. */
bool nnt_gradient_exchange_writes(const nnt_gradient_exchange *exchange);
/* Collective: what was written to the arenas before is visible to all ranks of the node after. */
nnt_status nnt_gradient_exchange_sync(nnt_gradient_exchange *exchange,
                                      nnt_error *error) NNT_MUST_CHECK;

/* Starts the reduction of a bucket that is ready; its floats must not be touched until the step is
 * finished. All ranks start the buckets in the same order. An error is recorded and returned by
 * finish. Collective. Inside a parallel region every thread calls it, when all are done with the
 * bucket; the main thread makes the MPI calls. */
void nnt_gradient_exchange_start(nnt_gradient_exchange *exchange, int bucket);
/* Progresses the started reductions, at most once per polling interval. Not collective. */
void nnt_gradient_exchange_poll(nnt_gradient_exchange *exchange);

/* Called when floats [begin, end) of `gradients`, all in `bucket`, are averaged, to update the
 * parameters there. */
typedef void (*nnt_range_ready)(void *context, int bucket, int64_t begin, int64_t end,
                                const float *gradients);
/* Completes the step: calls `ready` for every range that this rank updates, in the order of the
 * starts, and returns when all parameters of the node are updated. Collective. */
nnt_status nnt_gradient_exchange_finish(nnt_gradient_exchange *exchange, nnt_range_ready ready,
                                        void *context, nnt_error *error) NNT_MUST_CHECK;
/* The averaged last 32 floats of the arena, on all ranks; valid from one finish to the next. */
const float *nnt_gradient_exchange_tail(const nnt_gradient_exchange *exchange);

#endif
