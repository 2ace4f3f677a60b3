/* The library's communicator and the collective operations used by the floors above. MPI error
 * codes become an nnt_status here. All calls are collective unless said otherwise. */
#ifndef NNT_COMM_COMM_H
#define NNT_COMM_COMM_H

#include <mpi.h>
#include <nntrain/comm.h>
#include <stdint.h>

struct nnt_comm {
  MPI_Comm world; /* duplicate of the caller's; MPI_ERRORS_RETURN */
  MPI_Comm node;  /* the ranks that share this rank's memory */
  int rank, size;
  int node_rank, node_size;
  int nodes, node_index; /* nodes are numbered by their first ranks */
};

/* Local. NNT_OK for MPI_SUCCESS, else an error with MPI's text; `what` names the operation. */
nnt_status nnt_comm_check(int mpi_code, const char *what, nnt_error *error) NNT_MUST_CHECK;

/* Elementwise over all ranks, in place. The order of summation is unspecified, so that sums are
 * reproducible only where they are exact. */
nnt_status nnt_comm_sum(nnt_comm *comm, double *values, int64_t count,
                        nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_comm_sum_floats(nnt_comm *comm, float *values, int64_t count,
                               nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_comm_max_int(nnt_comm *comm, int64_t *values, int64_t count,
                            nnt_error *error) NNT_MUST_CHECK;
/* `bytes` bytes from rank `root` to all ranks. */
nnt_status nnt_comm_broadcast(nnt_comm *comm, int root, void *data, size_t bytes,
                              nnt_error *error) NNT_MUST_CHECK;
/* `bytes` bytes of every rank, in rank order, to all ranks. */
nnt_status nnt_comm_gather(nnt_comm *comm, const void *own, size_t bytes, void *all,
                           nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_comm_barrier(nnt_comm *comm, nnt_error *error) NNT_MUST_CHECK;
/* Point to point, blocking, not collective. */
nnt_status nnt_comm_send(nnt_comm *comm, int to, const void *data, size_t bytes,
                         nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_comm_receive(nnt_comm *comm, int from, void *data, size_t bytes,
                            nnt_error *error) NNT_MUST_CHECK;

#endif
