/* Whether all copies of the parameters are still the same to the bit.
 *
 * Every copy gets the same averaged gradients, so a difference means that something is broken: a
 * bit in memory, a processor, a rank with another binary. Copies are compared by hashes, one small
 * MPI_Allgather. Where a node's ranks share one copy, each hashes a part of it. Where that is the
 * only copy, each hashes its neighbour's part too, so that all see the same. */
#ifndef NNT_COMM_REPLICA_HASH_H
#define NNT_COMM_REPLICA_HASH_H

#include <nntrain/comm.h>
#include <stdint.h>

typedef struct nnt_replica_hash nnt_replica_hash;

/* What a rank hashes: parts own[0 .. count) of its copy, which is cut into `parts`. */
typedef struct nnt_replica_hash_share {
  int parts;
  int count; /* 0 to 2; 0: there is nothing to compare */
  int own[2];
} nnt_replica_hash_share;

/* `sharers`: ranks that share one copy, all of the node's, or 1. Collective. Errors:
 * NNT_OUT_OF_MEMORY, NNT_MPI_ERROR. */
nnt_status nnt_replica_hash_create(nnt_comm *comm, int sharers, nnt_replica_hash **out,
                                   nnt_error *error) NNT_MUST_CHECK;
/* Local. NULL in it is accepted. */
void nnt_replica_hash_destroy(nnt_replica_hash **drift);
nnt_replica_hash_share nnt_replica_hash_share_of(const nnt_replica_hash *drift);

/* hashes[i] is of part own[i]; `when` begins the error's place. Collective. Errors, the same on all
 * ranks: NNT_DIFFERENT, naming the ranks and hosts of which the majority of the copies differs, or
 * all where there is none; NNT_MPI_ERROR. */
nnt_status nnt_replica_hash_compare(nnt_replica_hash *drift, const uint64_t hashes[2],
                                    const char *when, nnt_error *error) NNT_MUST_CHECK;

#endif
