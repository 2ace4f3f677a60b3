/* The program: MPI, the verbs, and the one place where an error is printed and becomes an exit
 * code. */
#include <errno.h>
#include <mpi.h>
#include <nntrain/version.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/signals.h"

static nnt_status print_version(nnt_error *error) {
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  const char *isa = nnt_kernel_isa(error);
  if (isa == NULL) return error->status;
  MPI_Get_library_version(mpi, &length);
  mpi[strcspn(mpi, ",\n")] = '\0';
  printf("nntrain %s\nMPI      %s\nHDF5     %s\nOpenMP   %d, %d threads here\nkernels  %s\n",
         nnt_version(), mpi, nnt_hdf5_version(), _OPENMP, omp_get_max_threads(), isa);
  return NNT_OK;
}

/* Help and version: what needs no work. Collective. */
static nnt_status print_information(int argc, char **argv, nnt_comm *comm, nnt_error *error) {
  help_request request;
  bool prints = nnt_comm_rank(comm) == 0;
  nnt_status status = NNT_OK;
  if (help_is_asked(argc, argv)) {
    status = help_find(argc, argv, &request, error);
    if (status == NNT_OK && prints) help_print(stdout, &request);
  } else if (prints) {
    status = print_version(error);
  }
  return nnt_comm_agree(comm, status, error);
}

static nnt_status run_command(int argc, char **argv, nnt_comm *comm, nnt_error *error) {
  options *parsed = NULL;
  option_spec table[OPTIONS_MOST + 1];
  if (help_is_asked(argc, argv) || strcmp(argv[1], "--version") == 0)
    return print_information(argc, argv, comm, error);
  const command *verb = command_find(argv[1]);
  if (verb == NULL) return command_fail_unknown(argv[1], error);
  command_options(verb, table);
  nnt_status status = command_line_parse(table, verb->name, verb->max_positionals, argc - 2,
                                         argv + 2, &parsed, error);
  /* A run file may be unreadable on some nodes only. */
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK && (verb->collective || nnt_comm_rank(comm) == 0))
    status = verb->run(parsed, comm, error);
  if (!verb->collective) status = nnt_comm_agree(comm, status, error);
  options_destroy(&parsed);
  return status;
}

int main(int argc, char **argv) {
  int provided = 0;
  nnt_error error = {0};
  nnt_comm *comm = NULL;
  int rank = 0;
  const command *verb = argc > 1 && argv[1] != NULL ? command_find(argv[1]) : NULL;
  if (verb != NULL && verb->stops) signals_catch();
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  nnt_status status = nnt_comm_create(MPI_COMM_WORLD, &comm, &error);
  if (status == NNT_OK) status = run_command(argc, argv, comm, &error);
  if (status == NNT_OK && (fflush(stdout) != 0 || ferror(stdout) != 0))
    status = nnt_fail(&error, NNT_IO_ERROR,
                      "cannot write to standard output\n%s\ncheck where it goes", strerror(errno));
  if (status != NNT_OK && rank == 0)
    (void)fprintf(stderr, "nntrain: %s: %s; %s\n", error.what, error.where, error.remedy);
  nnt_comm_destroy(&comm);
  MPI_Finalize();
  return nnt_status_exit_code(status);
}
