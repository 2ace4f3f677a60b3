/* Some of the ranks working together while the others rest. */
#ifndef NNT_COMM_SUBSET_H
#define NNT_COMM_SUBSET_H

#include <nntrain/comm.h>

/* A communicator of `ranks` of the ranks, from 1 to all, spread evenly over them, rank 0 among
 * them; *out is NULL on the others. Collective. Errors: NNT_MPI_ERROR, NNT_OUT_OF_MEMORY. */
nnt_status nnt_comm_subset(nnt_comm *comm, int ranks, nnt_comm **out,
                           nnt_error *error) NNT_MUST_CHECK;
/* A barrier in which the ranks that wait sleep, so that those which still work have the cores.
 * Collective. */
nnt_status nnt_comm_rest(nnt_comm *comm, nnt_error *error) NNT_MUST_CHECK;

#endif
