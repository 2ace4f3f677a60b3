/* Non-blocking reductions over ranks, bucket by bucket.
 *
 * In any order: one MPI_Iallreduce per bucket. Fixed-order tree reduction (base/sum_tree.h), a
 * reduce-scatter and an allgather: every peer contributes the partial sums of its leaves; a bucket
 * is cut into one piece per peer, MPI_Ialltoallv sends all partial sums of piece i to peer i, which
 * adds them in tree order, and MPI_Iallgatherv distributes the sums. Every rank transfers twice the
 * bucket, as in a ring or recursive-halving allreduce. A sum of two operands is the same in either
 * order, so two peers with one partial sum each use MPI_Iallreduce in both cases. */
#ifndef NNT_COMM_REDUCTION_H
#define NNT_COMM_REDUCTION_H

#include <nntrain/comm.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/sum_tree.h"

typedef struct nnt_reduction nnt_reduction;

/* What is to be summed. The arrays are borrowed for the creation, the results until destruction. */
typedef struct nnt_reduction_plan {
  bool across_nodes; /* peers: the ranks with this rank's index on their node; else all ranks */
  int buckets;
  const int64_t *counts;   /* [buckets] floats */
  float *const *results;   /* [buckets] destination of the sums */
  const int *partials;     /* [peers] partial sums of each; NULL: one each, in any order */
  const nnt_sum_tree *sum; /* the order of all peers' partial sums; one output */
  int threads;             /* for summing */
} nnt_reduction_plan;

/* Collective. Errors: NNT_OUT_OF_MEMORY, NNT_MPI_ERROR, NNT_BAD_USAGE when an MPI count would
 * overflow. */
nnt_status nnt_reduction_create(nnt_comm *comm, const nnt_reduction_plan *plan, nnt_reduction **out,
                                nnt_error *error) NNT_MUST_CHECK;
/* Collective. *reduction may be NULL. */
void nnt_reduction_destroy(nnt_reduction **reduction);
/* Whether this rank has no peer to sum with. */
bool nnt_reduction_is_trivial(const nnt_reduction *reduction);

/* The send buffers, to be filled before a start: piece `piece` of partial sum `partial` of the
 * bucket, its floats [*begin, *end), goes to the returned address. */
int nnt_reduction_pieces(const nnt_reduction *reduction);
float *nnt_reduction_addend(const nnt_reduction *reduction, int bucket, int piece, int partial,
                            int64_t *begin, int64_t *end);

/* Starts a bucket; all peers start them in the same order. An error is recorded and returned by the
 * wait. */
void nnt_reduction_start(nnt_reduction *reduction, int bucket);
/* Progresses what was started: MPI makes progress only inside its calls. */
void nnt_reduction_poll(nnt_reduction *reduction);
/* Returns when the bucket's sums are in its result. */
nnt_status nnt_reduction_wait(nnt_reduction *reduction, int bucket,
                              nnt_error *error) NNT_MUST_CHECK;
/* To be called after the last wait of a step. */
void nnt_reduction_reset(nnt_reduction *reduction);

#endif
