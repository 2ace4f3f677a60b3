/* Running on a subset of the ranks while the others sleep. */
#include "comm/subset.h"

#include <stdbool.h>
#include <time.h>

#include "comm/comm.h"

/* First and longest sleep, in nanoseconds. */
#define FIRST_NAP 100000L
#define LONGEST_NAP 5000000L

nnt_status nnt_comm_subset(nnt_comm *comm, int ranks, nnt_comm **out, nnt_error *error) {
  /* Member i is rank i * size / ranks. */
  int64_t size = comm->size, i = ((int64_t)comm->rank * ranks + size - 1) / size;
  bool member = i < ranks && i * size / ranks == comm->rank;
  MPI_Comm part = MPI_COMM_NULL;
  *out = NULL;
  nnt_status status =
      nnt_comm_check(MPI_Comm_split(comm->world, member ? 0 : MPI_UNDEFINED, comm->rank, &part),
                     "MPI_Comm_split", error);
  if (status != NNT_OK || !member) return status;
  status = nnt_comm_create(part, out, error);
  MPI_Comm_free(&part);
  return status;
}

nnt_status nnt_comm_rest(nnt_comm *comm, nnt_error *error) {
  struct timespec nap = {.tv_nsec = FIRST_NAP};
  MPI_Request request = MPI_REQUEST_NULL;
  int done = 0;
  nnt_status status = nnt_comm_check(MPI_Ibarrier(comm->world, &request), "MPI_Ibarrier", error);
  while (status == NNT_OK && done == 0) {
    status = nnt_comm_check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test", error);
    if (status != NNT_OK || done != 0) break;
    (void)nanosleep(&nap, NULL);
    if (nap.tv_nsec < LONGEST_NAP) nap.tv_nsec *= 2;
  }
  return status;
}
