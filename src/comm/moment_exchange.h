/* Gathering batch statistics of all ranks in the middle of a step: every rank contributes an array
 * of floats per node of the reduction tree (base/sum_tree.h) that it has summed, and receives those
 * of all ranks, to merge them in tree order. Gradients are reduced instead, as no rank needs the
 * sum of all of them (comm/gradient_exchange.h). */
#ifndef NNT_COMM_MOMENT_EXCHANGE_H
#define NNT_COMM_MOMENT_EXCHANGE_H

#include "comm/gradient_exchange.h"

typedef struct nnt_moment_exchange nnt_moment_exchange;

/* For arrays of up to `most` floats, with the shares of a gradient exchange. Collective. Errors:
 * NNT_OUT_OF_MEMORY, NNT_MPI_ERROR, NNT_BAD_USAGE when an MPI count would overflow. */
nnt_status nnt_moment_exchange_create(nnt_comm *comm, const nnt_gradient_exchange *exchange,
                                      int64_t most, nnt_moment_exchange **out,
                                      nnt_error *error) NNT_MUST_CHECK;
/* Collective. *moments may be NULL. */
void nnt_moment_exchange_destroy(nnt_moment_exchange **moments);

/* The order in which the arrays of all ranks are merged; one output. */
const nnt_sum_tree *nnt_moment_exchange_plan(const nnt_moment_exchange *moments);

/* This rank's arrays, to be filled before a gather: [outputs of its share's plan, count]. */
float *nnt_moment_exchange_own(nnt_moment_exchange *moments);
/* Returns [items of the plan, count], valid until the next call. An error is recorded and returned
 * by the check. Collective, on the main thread. */
const float *nnt_moment_exchange_gather(nnt_moment_exchange *moments, int64_t count);
/* Local. */
nnt_status nnt_moment_exchange_check(const nnt_moment_exchange *moments,
                                     nnt_error *error) NNT_MUST_CHECK;

#endif
