/* Sums over ranks that go on in the background, bucket by bucket.
 *
 * In any order: one MPI_Iallreduce a bucket. By a tree (base/sum_tree.h): every peer contributes
 * the partial sums of its part of the tree's leaves; a bucket is cut into as many pieces as there
 * are peers, MPI_Ialltoallv brings all partial sums of piece i to peer i, which adds them up in the
 * tree's order, and MPI_Iallgatherv brings the sums back: twice the bucket through each rank, as a
 * ring or halving allreduce takes. A sum of two operands is the same in any order, so two peers
 * with one partial sum each use MPI_Iallreduce in either case. */
#ifndef NNT_COMM_REDUCTION_H
#define NNT_COMM_REDUCTION_H

#include <nntrain/comm.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/sum_tree.h"

typedef struct nnt_reduction nnt_reduction;

/* What is to be summed. Arrays are borrowed during the creation, the results all along. */
typedef struct nnt_reduction_plan {
  bool across_nodes; /* among the ranks with this rank's index on their node; else all ranks */
  int buckets;
  const int64_t *counts; /* [buckets] floats */
  float *const *results; /* [buckets] where the sums go */
  const int *partials;   /* [peers] partial sums that each contributes; NULL: any order, one each */
  const nnt_sum_tree *sum; /* the order of all peers' partial sums; one output */
  int threads;             /* that add up */
} nnt_reduction_plan;

/* Collective. Errors: NNT_OUT_OF_MEMORY, NNT_MPI_ERROR, NNT_BAD_USAGE for a bucket beyond MPI's
 * counts. */
nnt_status nnt_reduction_create(nnt_comm *comm, const nnt_reduction_plan *plan, nnt_reduction **out,
                                nnt_error *error) NNT_MUST_CHECK;
/* Collective. NULL in it is accepted. */
void nnt_reduction_destroy(nnt_reduction **reduction);
/* Whether there is anybody to sum with. */
bool nnt_reduction_is_trivial(const nnt_reduction *reduction);

/* Where the caller puts its addends before a start: piece `piece` of partial sum `partial` of the
 * bucket is floats [*begin, *end) of it, and goes to the address returned. */
int nnt_reduction_pieces(const nnt_reduction *reduction);
float *nnt_reduction_addend(const nnt_reduction *reduction, int bucket, int piece, int partial,
                            int64_t *begin, int64_t *end);

/* Starts a bucket; all peers start them in the same order. An error is kept and returned by the
 * wait. */
void nnt_reduction_start(nnt_reduction *reduction, int bucket);
/* Moves what was started on: MPI progresses only inside its calls. */
void nnt_reduction_poll(nnt_reduction *reduction);
/* Returns when the bucket's sums are in its result. */
nnt_status nnt_reduction_wait(nnt_reduction *reduction, int bucket,
                              nnt_error *error) NNT_MUST_CHECK;
/* After the last wait of a round. */
void nnt_reduction_reset(nnt_reduction *reduction);

#endif
