/* Checks that all replicas of the parameters are bitwise identical.
 *
 * Every replica gets the same averaged gradients, so a difference means a fault: a flipped bit in
 * memory, a bad CPU, a rank with another binary. Replicas are compared by hashes, with one small
 * MPI_Allgather. Where a node's ranks share a replica, each hashes a part of it. Where that is the
 * only replica, each also hashes its neighbour's part, to check that both see the same. */
#ifndef NNT_COMM_REPLICA_HASH_H
#define NNT_COMM_REPLICA_HASH_H

#include <nntrain/comm.h>
#include <stdint.h>

typedef struct nnt_replica_hash nnt_replica_hash;

/* What a rank hashes: parts own[0 .. count) of its replica, which is cut into `parts`. */
typedef struct nnt_replica_hash_share {
  int parts;
  int count; /* 0 to 2; 0: there is nothing to compare */
  int own[2];
} nnt_replica_hash_share;

/* `sharers`: ranks that share a replica: all of the node, or 1. Collective. Errors:
 * NNT_OUT_OF_MEMORY, NNT_MPI_ERROR. */
nnt_status nnt_replica_hash_create(nnt_comm *comm, int sharers, nnt_replica_hash **out,
                                   nnt_error *error) NNT_MUST_CHECK;
/* Local. *hash may be NULL. */
void nnt_replica_hash_destroy(nnt_replica_hash **hash);
nnt_replica_hash_share nnt_replica_hash_share_of(const nnt_replica_hash *hash);

/* hashes[i] is that of part own[i]; the error's `where` begins with `when`. Collective. Errors, the
 * same on all ranks: NNT_DIFFERENT, naming the ranks and hosts that disagree with the majority, or
 * all of them where there is no majority; NNT_MPI_ERROR. */
nnt_status nnt_replica_hash_compare(nnt_replica_hash *hash, const uint64_t hashes[2],
                                    const char *when, nnt_error *error) NNT_MUST_CHECK;

#endif
