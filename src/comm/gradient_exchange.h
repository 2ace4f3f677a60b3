/* Summing the gradients over all ranks while the backward pass goes on.
 *
 * The gradient arena is cut into buckets, one a layer. A bucket is started as soon as it is
 * complete and waited for before its update; in between MPI works on it. All ranks start the
 * buckets in the same order. The scale 1 / batch is already in the gradients (net/network.h), so
 * the sum over the ranks is the average over the batch.
 * Data-parallel synchronous SGD: Dean et al., NIPS 2012; bucketed overlap: Li et al., PyTorch
 * Distributed, VLDB 2020. */
#ifndef NNT_COMM_GRADIENT_EXCHANGE_H
#define NNT_COMM_GRADIENT_EXCHANGE_H

#include <nntrain/comm.h>
#include <stdint.h>

typedef struct nnt_gradient_exchange nnt_gradient_exchange;

/* Bucket b is floats [begin[b], begin[b + 1]) of `gradients`; `begin` has buckets + 1 entries and
 * is copied; `gradients` is borrowed. Local. */
nnt_status nnt_gradient_exchange_create(nnt_comm *comm, float *gradients, int buckets,
                                        const int64_t *begin, nnt_gradient_exchange **out,
                                        nnt_error *error) NNT_MUST_CHECK;
void nnt_gradient_exchange_destroy(nnt_gradient_exchange **exchange);

/* Starts a bucket; its floats must not be touched until it was waited for. An error is kept and
 * returned by the wait. Collective, non-blocking. */
void nnt_gradient_exchange_start(nnt_gradient_exchange *exchange, int bucket);
/* Waits until the bucket holds the sum over all ranks. Collective. */
nnt_status nnt_gradient_exchange_wait(nnt_gradient_exchange *exchange, int bucket,
                                      nnt_error *error) NNT_MUST_CHECK;

#endif
