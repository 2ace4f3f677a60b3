/* The communicator used by the library.
 *
 * nntrain never calls MPI_Init and never touches MPI_COMM_WORLD: the caller initialises MPI (at
 * least MPI_THREAD_FUNNELED; all calls into the library are made from that thread) and passes a
 * communicator, which is duplicated. */
#ifndef NNTRAIN_COMM_H
#define NNTRAIN_COMM_H

#include <mpi.h>
#include <nntrain/status.h>

typedef struct nnt_comm nnt_comm;

/* Collective over `communicator`, which stays the caller's. Errors: NNT_MPI_ERROR. */
NNT_API nnt_status nnt_comm_create(MPI_Comm communicator, nnt_comm **out,
                                   nnt_error *error) NNT_MUST_CHECK;
/* Collective. *comm may be NULL. To be called before MPI_Finalize. */
NNT_API void nnt_comm_destroy(nnt_comm **comm);

NNT_API int nnt_comm_rank(const nnt_comm *comm);
NNT_API int nnt_comm_size(const nnt_comm *comm);
/* This rank's index on its node, and the number of ranks on the node. */
NNT_API int nnt_comm_node_rank(const nnt_comm *comm);
NNT_API int nnt_comm_node_size(const nnt_comm *comm);
/* Number of nodes. */
NNT_API int nnt_comm_nodes(const nnt_comm *comm);

/* Collective. Ends a rank-local phase: if `status` is not NNT_OK on some rank, all ranks return the
 * status of the lowest such rank, with its error record. */
NNT_API nnt_status nnt_comm_agree(nnt_comm *comm, nnt_status status,
                                  nnt_error *error) NNT_MUST_CHECK;

#endif
