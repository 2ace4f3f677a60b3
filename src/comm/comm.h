/* The library's communicator and the collective calls that the floors above use. MPI's error codes
 * become our status here. All calls are collective unless said otherwise. */
#ifndef NNT_COMM_COMM_H
#define NNT_COMM_COMM_H

#include <mpi.h>
#include <nntrain/comm.h>
#include <stdint.h>

struct nnt_comm {
  MPI_Comm world; /* duplicate of the caller's, errors returned */
  MPI_Comm node;  /* the ranks that share this rank's memory */
  int rank, size;
  int node_rank, node_size;
  int nodes, node_index; /* nodes are numbered by their first ranks */
};

/* Local. NNT_OK for MPI_SUCCESS, else an error with MPI's own text; `what` names the operation. */
nnt_status nnt_comm_check(int mpi_code, const char *what, nnt_error *error) NNT_MUST_CHECK;

/* Element by element over all ranks, in place. Sums are exact only where the addends are. */
nnt_status nnt_comm_sum(nnt_comm *comm, double *values, int64_t count,
                        nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_comm_sum_floats(nnt_comm *comm, float *values, int64_t count,
                               nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_comm_max_int(nnt_comm *comm, int64_t *values, int64_t count,
                            nnt_error *error) NNT_MUST_CHECK;
/* `bytes` bytes from rank `root` to all. */
nnt_status nnt_comm_broadcast(nnt_comm *comm, int root, void *data, size_t bytes,
                              nnt_error *error) NNT_MUST_CHECK;
/* `bytes` bytes of every rank, one after the other, to all. */
nnt_status nnt_comm_gather(nnt_comm *comm, const void *own, size_t bytes, void *all,
                           nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_comm_barrier(nnt_comm *comm, nnt_error *error) NNT_MUST_CHECK;
/* Point to point, blocking, not collective. */
nnt_status nnt_comm_send(nnt_comm *comm, int to, const void *data, size_t bytes,
                         nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_comm_receive(nnt_comm *comm, int from, void *data, size_t bytes,
                            nnt_error *error) NNT_MUST_CHECK;

#endif
