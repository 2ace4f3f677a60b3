/* Sums over ranks that go on in the background: MPI_Iallreduce, a bucket at a time. */
#ifndef NNT_COMM_REDUCTION_H
#define NNT_COMM_REDUCTION_H

#include <nntrain/comm.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct nnt_reduction nnt_reduction;

/* Over all ranks, or (`across_nodes`) over the ranks with this rank's index on their node. No
 * bucket has more than `most` floats. Collective. */
nnt_status nnt_reduction_create(nnt_comm *comm, bool across_nodes, int buckets, int64_t most,
                                nnt_reduction **out, nnt_error *error) NNT_MUST_CHECK;
/* Collective. NULL in it is accepted. */
void nnt_reduction_destroy(nnt_reduction **reduction);
/* Whether there is anybody to sum with. */
bool nnt_reduction_is_trivial(const nnt_reduction *reduction);

/* Starts summing `count` floats in place. An error is kept and returned by the wait. Also moves the
 * earlier buckets on: MPI progresses only inside its calls. */
void nnt_reduction_start(nnt_reduction *reduction, int bucket, float *values, int64_t count);
nnt_status nnt_reduction_wait(nnt_reduction *reduction, int bucket,
                              nnt_error *error) NNT_MUST_CHECK;

#endif
