/* What the ranks tell each other in the middle of a step, about the whole batch: every rank has an
 * array of floats for each node of the tree of granules (base/sum_plan.h) that it holds, and gets
 * those of all ranks, to add them up in the tree's order. A gradient need not be known by all ranks
 * whole, and goes another way (comm/gradient_exchange.h). */
#ifndef NNT_COMM_BATCH_NODES_H
#define NNT_COMM_BATCH_NODES_H

#include "comm/gradient_exchange.h"

typedef struct nnt_batch_nodes nnt_batch_nodes;

/* Arrays of `most` floats at most, in the shares of an exchange. Collective. Errors:
 * NNT_OUT_OF_MEMORY, NNT_MPI_ERROR, NNT_BAD_USAGE for more than MPI's counts can say. */
nnt_status nnt_batch_nodes_create(nnt_comm *comm, const nnt_gradient_exchange *exchange,
                                  int64_t most, nnt_batch_nodes **out,
                                  nnt_error *error) NNT_MUST_CHECK;
/* Collective. NULL in it is accepted. */
void nnt_batch_nodes_destroy(nnt_batch_nodes **nodes);

/* The order of all ranks' nodes; one output. */
const nnt_sum_plan *nnt_batch_nodes_plan(const nnt_batch_nodes *nodes);

/* Where this rank puts its arrays before a gather: [outputs of its share's plan, count]. */
float *nnt_batch_nodes_own(nnt_batch_nodes *nodes);
/* Returns [items of the plan, count], valid until the
 * next call. An error is kept, and returned by the check. Collective, on the main thread. */
const float *nnt_batch_nodes_gather(nnt_batch_nodes *nodes, int64_t count);
/* Local. */
nnt_status nnt_batch_nodes_check(const nnt_batch_nodes *nodes, nnt_error *error) NNT_MUST_CHECK;

#endif
