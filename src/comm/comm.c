/* The library's communicator. */
#include "comm/comm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most bytes per call: MPI counts are int. The one place where sizes become int. */
#define CHUNK ((size_t)1 << 28)

nnt_status nnt_comm_check(int mpi_code, const char *what, nnt_error *error) {
  if (mpi_code == MPI_SUCCESS) return NNT_OK;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  (void)MPI_Error_string(mpi_code, text, &length);
  return nnt_fail(error, NNT_MPI_ERROR,
                  "MPI failed\n%s: %.300s\ncheck the nodes and the network, then continue with "
                  "--resume",
                  what, text);
}

static nnt_status find_node(nnt_comm *comm, nnt_error *error) {
  int leader = 0;
  nnt_status status = nnt_comm_check(MPI_Comm_split_type(comm->world, MPI_COMM_TYPE_SHARED,
                                                         comm->rank, MPI_INFO_NULL, &comm->node),
                                     "MPI_Comm_split_type", error);
  if (status != NNT_OK) return status;
  MPI_Comm_set_errhandler(comm->node, MPI_ERRORS_RETURN);
  MPI_Comm_rank(comm->node, &comm->node_rank);
  MPI_Comm_size(comm->node, &comm->node_size);
  leader = comm->node_rank == 0;
  status = nnt_comm_check(MPI_Allreduce(&leader, &comm->nodes, 1, MPI_INT, MPI_SUM, comm->world),
                          "MPI_Allreduce", error);
  if (status != NNT_OK) return status;
  status = nnt_comm_check(MPI_Scan(&leader, &comm->node_index, 1, MPI_INT, MPI_SUM, comm->world),
                          "MPI_Scan", error);
  if (status != NNT_OK) return status;
  --comm->node_index; /* correct on the first rank of each node, which broadcasts it */
  return nnt_comm_check(MPI_Bcast(&comm->node_index, 1, MPI_INT, 0, comm->node), "MPI_Bcast",
                        error);
}

nnt_status nnt_comm_create(MPI_Comm communicator, nnt_comm **out, nnt_error *error) {
  *out = NULL;
  nnt_comm *comm = calloc(1, sizeof *comm);
  if (comm == NULL) return nnt_fail_memory(error, sizeof *comm, "a communicator");
  comm->world = MPI_COMM_NULL;
  comm->node = MPI_COMM_NULL;
  nnt_status status =
      nnt_comm_check(MPI_Comm_dup(communicator, &comm->world), "MPI_Comm_dup", error);
  if (status == NNT_OK) {
    MPI_Comm_set_errhandler(comm->world, MPI_ERRORS_RETURN);
    MPI_Comm_rank(comm->world, &comm->rank);
    MPI_Comm_size(comm->world, &comm->size);
    status = find_node(comm, error);
  }
  if (status != NNT_OK) {
    nnt_comm_destroy(&comm);
    return status;
  }
  *out = comm;
  return NNT_OK;
}

void nnt_comm_destroy(nnt_comm **comm) {
  if (*comm == NULL) return;
  if ((*comm)->node != MPI_COMM_NULL) MPI_Comm_free(&(*comm)->node);
  if ((*comm)->world != MPI_COMM_NULL) MPI_Comm_free(&(*comm)->world);
  free(*comm);
  *comm = NULL;
}

int nnt_comm_rank(const nnt_comm *comm) {
  return comm->rank;
}

int nnt_comm_size(const nnt_comm *comm) {
  return comm->size;
}

int nnt_comm_node_rank(const nnt_comm *comm) {
  return comm->node_rank;
}

int nnt_comm_node_size(const nnt_comm *comm) {
  return comm->node_size;
}

int nnt_comm_nodes(const nnt_comm *comm) {
  return comm->nodes;
}

nnt_status nnt_comm_agree(nnt_comm *comm, nnt_status status, nnt_error *error) {
  int failing = status == NNT_OK ? comm->size : comm->rank;
  int lowest = comm->size;
  nnt_status agreed = nnt_comm_check(
      MPI_Allreduce(&failing, &lowest, 1, MPI_INT, MPI_MIN, comm->world), "agreement", error);
  if (agreed != NNT_OK || lowest == comm->size) return agreed;
  nnt_error record = {.status = status};
  if (error != NULL && status != NNT_OK) record = *error;
  record.status = status;
  agreed = nnt_comm_broadcast(comm, lowest, &record, sizeof record, error);
  if (agreed != NNT_OK) return agreed;
  if (error != NULL) *error = record;
  return record.status;
}

/* In place, `size` bytes per element. */
static nnt_status sum(nnt_comm *comm, void *values, size_t size, MPI_Datatype type, int64_t count,
                      nnt_error *error) {
  const int64_t most = (int64_t)(CHUNK / size);
  nnt_status status = NNT_OK;
  for (int64_t done = 0; done < count && status == NNT_OK; done += most) {
    int chunk = (int)(count - done < most ? count - done : most);
    status = nnt_comm_check(MPI_Allreduce(MPI_IN_PLACE, (char *)values + (size_t)done * size, chunk,
                                          type, MPI_SUM, comm->world),
                            "MPI_Allreduce", error);
  }
  return status;
}

nnt_status nnt_comm_sum(nnt_comm *comm, double *values, int64_t count, nnt_error *error) {
  return sum(comm, values, sizeof *values, MPI_DOUBLE, count, error);
}

nnt_status nnt_comm_sum_floats(nnt_comm *comm, float *values, int64_t count, nnt_error *error) {
  return sum(comm, values, sizeof *values, MPI_FLOAT, count, error);
}

nnt_status nnt_comm_max_int(nnt_comm *comm, int64_t *values, int64_t count, nnt_error *error) {
  return nnt_comm_check(
      MPI_Allreduce(MPI_IN_PLACE, values, (int)count, MPI_INT64_T, MPI_MAX, comm->world),
      "MPI_Allreduce", error);
}

nnt_status nnt_comm_broadcast(nnt_comm *comm, int root, void *data, size_t bytes,
                              nnt_error *error) {
  nnt_status status = NNT_OK;
  for (size_t done = 0; done < bytes && status == NNT_OK; done += CHUNK) {
    int chunk = (int)(bytes - done < CHUNK ? bytes - done : CHUNK);
    status = nnt_comm_check(MPI_Bcast((char *)data + done, chunk, MPI_BYTE, root, comm->world),
                            "MPI_Bcast", error);
  }
  return status;
}

nnt_status nnt_comm_gather(nnt_comm *comm, const void *own, size_t bytes, void *all,
                           nnt_error *error) {
  return nnt_comm_check(
      MPI_Allgather(own, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, comm->world),
      "MPI_Allgather", error);
}

nnt_status nnt_comm_barrier(nnt_comm *comm, nnt_error *error) {
  return nnt_comm_check(MPI_Barrier(comm->world), "MPI_Barrier", error);
}

nnt_status nnt_comm_send(nnt_comm *comm, int to, const void *data, size_t bytes, nnt_error *error) {
  nnt_status status = NNT_OK;
  for (size_t done = 0; done < bytes && status == NNT_OK; done += CHUNK) {
    int chunk = (int)(bytes - done < CHUNK ? bytes - done : CHUNK);
    status =
        nnt_comm_check(MPI_Send((const char *)data + done, chunk, MPI_BYTE, to, 0, comm->world),
                       "MPI_Send", error);
  }
  return status;
}

nnt_status nnt_comm_receive(nnt_comm *comm, int from, void *data, size_t bytes, nnt_error *error) {
  nnt_status status = NNT_OK;
  for (size_t done = 0; done < bytes && status == NNT_OK; done += CHUNK) {
    int chunk = (int)(bytes - done < CHUNK ? bytes - done : CHUNK);
    status = nnt_comm_check(
        MPI_Recv((char *)data + done, chunk, MPI_BYTE, from, 0, comm->world, MPI_STATUS_IGNORE),
        "MPI_Recv", error);
  }
  return status;
}
