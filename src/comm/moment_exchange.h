/* What the ranks tell each other in the middle of a step, about the whole batch: every rank has an
 * array of floats for each node of the tree of granules (base/sum_tree.h) that it holds, and gets
 * those of all ranks, to add them up in the tree's order. A gradient need not be known by all ranks
 * whole, and goes another way (comm/gradient_exchange.h). */
#ifndef NNT_COMM_MOMENT_EXCHANGE_H
#define NNT_COMM_MOMENT_EXCHANGE_H

#include "comm/gradient_exchange.h"

typedef struct nnt_moment_exchange nnt_moment_exchange;

/* Arrays of `most` floats at most, in the shares of an exchange. Collective. Errors:
 * NNT_OUT_OF_MEMORY, NNT_MPI_ERROR, NNT_BAD_USAGE for more than MPI's counts can say. */
nnt_status nnt_moment_exchange_create(nnt_comm *comm, const nnt_gradient_exchange *exchange,
                                      int64_t most, nnt_moment_exchange **out,
                                      nnt_error *error) NNT_MUST_CHECK;
/* Collective. NULL in it is accepted. */
void nnt_moment_exchange_destroy(nnt_moment_exchange **nodes);

/* The order of all ranks' nodes; one output. */
const nnt_sum_tree *nnt_moment_exchange_plan(const nnt_moment_exchange *nodes);

/* Where this rank puts its arrays before a gather: [outputs of its share's plan, count]. */
float *nnt_moment_exchange_own(nnt_moment_exchange *nodes);
/* Returns [items of the plan, count], valid until the
 * next call. An error is kept, and returned by the check. Collective, on the main thread. */
const float *nnt_moment_exchange_gather(nnt_moment_exchange *nodes, int64_t count);
/* Local. */
nnt_status nnt_moment_exchange_check(const nnt_moment_exchange *nodes,
                                     nnt_error *error) NNT_MUST_CHECK;

#endif
