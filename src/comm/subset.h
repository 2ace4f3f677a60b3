/* Running on a subset of the ranks while the others sleep. */
#ifndef NNT_COMM_SUBSET_H
#define NNT_COMM_SUBSET_H

#include <nntrain/comm.h>

/* A communicator of `ranks` evenly spread ranks, 1 to all, including rank 0; *out is NULL on the
 * others. Collective. Errors: NNT_MPI_ERROR, NNT_OUT_OF_MEMORY. */
nnt_status nnt_comm_subset(nnt_comm *comm, int ranks, nnt_comm **out,
                           nnt_error *error) NNT_MUST_CHECK;
/* A barrier in which waiting ranks sleep, leaving the cores to those that still compute.
 * Collective. */
nnt_status nnt_comm_rest(nnt_comm *comm, nnt_error *error) NNT_MUST_CHECK;

#endif
