/* Another project's program: has its own MPI job and gives the library a communicator. Prints
 * one line on rank 0: version, a status text, ranks. */
#include <mpi.h>
#include <nntrain/comm.h>
#include <nntrain/status.h>
#include <nntrain/version.h>
#include <stdio.h>

int main(int argc, char **argv) {
  int provided = 0;
  int rank = 0;
  int size = 0;
  nnt_comm *comm = NULL;
  nnt_error error = {0};
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);

  nnt_status status = nnt_comm_create(MPI_COMM_WORLD, &comm, &error);
  if (status == NNT_OK && (nnt_comm_rank(comm) != rank || nnt_comm_size(comm) != size))
    status = NNT_INTERNAL;
  if (status == NNT_OK) status = nnt_comm_agree(comm, status, &error);
  if (status == NNT_OK && rank == 0)
    printf("version %s, %s, %d ranks\n", nnt_version(), nnt_status_text(status), size);
  nnt_comm_destroy(&comm);
  MPI_Finalize();
  return nnt_status_exit_code(status);
}
