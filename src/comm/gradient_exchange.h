/* Averaging the gradients over all ranks while the backward pass goes on, and the memory that this
 * takes: the arenas of gradients, parameters and optimiser state.
 *
 * The arenas are cut into buckets, one a layer, which become complete last layer first. The scale
 * 1 / batch is already in the gradients (net/network.h), so the sum over the ranks is the average
 * over the batch. Data-parallel synchronous SGD: Dean et al., NIPS 2012; bucketed overlap: Li et
 * al., PyTorch Distributed, VLDB 2020.
 *
 * Shared (the default): the gradients of a node's ranks lie in memory that they share, parameters
 * and optimiser state once a node. Local rank i sums slice i of every bucket over the node's ranks,
 * in their order, averages it over the nodes with MPI_Iallreduce among the ranks of local index i,
 * and alone updates that slice. Flat: every rank has its own arenas and updates everything;
 * MPI_Iallreduce over all ranks. */
#ifndef NNT_COMM_GRADIENT_EXCHANGE_H
#define NNT_COMM_GRADIENT_EXCHANGE_H

#include <nntrain/comm.h>
#include <nntrain/train.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct nnt_gradient_exchange nnt_gradient_exchange;

/* What an exchange is made for. Buckets are whole rows of 32 floats. The last bucket ends with a
 * row of 32 floats of its own, whose average all ranks can read (the layout's tail). */
typedef struct nnt_exchange_plan {
  int buckets;
  const int64_t *begin; /* [buckets + 1], copied: bucket b is floats [begin[b], begin[b + 1]) */
  bool with_state;      /* an arena for the optimiser too */
  nnt_allreduce mode;
} nnt_exchange_plan;

/* Collective. Every arena is zero at first. Errors: NNT_OUT_OF_MEMORY, NNT_MPI_ERROR. */
nnt_status nnt_gradient_exchange_create(nnt_comm *comm, const nnt_exchange_plan *plan,
                                        nnt_gradient_exchange **out,
                                        nnt_error *error) NNT_MUST_CHECK;
/* Collective. NULL in it is accepted. */
void nnt_gradient_exchange_destroy(nnt_gradient_exchange **exchange);

/* This rank's gradients. */
float *nnt_gradient_exchange_gradients(nnt_gradient_exchange *exchange);
/* Parameters and optimiser state (NULL without); the node's one copy, or this rank's own. */
float *nnt_gradient_exchange_parameters(nnt_gradient_exchange *exchange);
float *nnt_gradient_exchange_state(nnt_gradient_exchange *exchange);
/* Ranks that share this rank's parameters: the node's, or 1. */
int nnt_gradient_exchange_sharers(const nnt_gradient_exchange *exchange);
/* Whether this rank is the one to write parameters and state before the first step. */
bool nnt_gradient_exchange_writes(const nnt_gradient_exchange *exchange);
/* Collective: what was written to the arenas before is seen by all ranks of the node after. */
nnt_status nnt_gradient_exchange_sync(nnt_gradient_exchange *exchange,
                                      nnt_error *error) NNT_MUST_CHECK;

/* The bucket of this rank's gradients is complete; its floats must not be touched until the step is
 * finished. All ranks start the buckets in the same order. An error is kept and returned by finish.
 * Collective, on the main thread. */
void nnt_gradient_exchange_start(nnt_gradient_exchange *exchange, int bucket);

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
