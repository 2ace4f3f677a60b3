/* The program: MPI, the verbs, and the one place where an error is printed and becomes an exit
 * code. */
#include <assert.h>
#include <errno.h>
#include <mpi.h>
#include <nntrain/version.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/signals.h"

const command *const commands[] = {&command_convert,
                                   &command_train,
                                   &command_eval,
                                   &command_predict,
                                   &command_report,
                                   &command_compare,
                                   &command_inspect,
                                   &command_export,
                                   &command_bench,
                                   &command_verify,
                                   NULL};

static const command *find_command(const char *name) {
  for (int i = 0; commands[i] != NULL; ++i) {
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  }
  return NULL;
}

static void print_overview(FILE *stream) {
  (void)fprintf(stream,
                "nntrain trains feed-forward neural networks on any number of MPI ranks.\n\n"
                "  mpirun -np 4 nntrain train --data train.h5 --hidden 512,512 --output run\n\n"
                "Commands:\n");
  for (int i = 0; commands[i] != NULL; ++i)
    (void)fprintf(stream, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  (void)fprintf(stream,
                "\n'nntrain help COMMAND' shows its options, 'nntrain --version' the build.\n");
}

static void print_help(const command *verb) {
  printf("Usage: nntrain %s %s\n\n%s.\n\nOptions:\n", verb->name, verb->usage, verb->summary);
  options_print_help(stdout, verb->options);
  if (verb->borrows != NULL) {
    printf("\nOptions of 'nntrain %s':\n", verb->borrows->name);
    options_print_help(stdout, verb->borrows->options);
  }
  if (verb->details != NULL) printf("\n%s", verb->details);
}

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

static nnt_status fail_unknown_command(const char *name, nnt_error *error) {
  const char *names[32] = {NULL};
  for (int i = 0; commands[i] != NULL; ++i) names[i] = commands[i]->name;
  const char *nearest = nearest_word(name, names);
  if (nearest != NULL)
    return nnt_fail(error, NNT_BAD_USAGE, "unknown command\n%s\ndid you mean '%s'?", name, nearest);
  return nnt_fail(error, NNT_BAD_USAGE, "unknown command\n%s\n'nntrain help' lists them", name);
}

static bool asks_for_help(const char *word) {
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* What needs no verb: help and version. Returns 1 when `argv` was such a request. */
static int run_information(int argc, char **argv, int rank, nnt_status *status, nnt_error *error) {
  const char *word = argc > 1 && argv[1] != NULL ? argv[1] : "help";
  int wants_help = strcmp(word, "help") == 0 || asks_for_help(word);
  const char *topic = wants_help && argc > 2 ? argv[2] : NULL;
  for (int i = 2; i < argc && !wants_help; ++i) {
    if (asks_for_help(argv[i])) topic = word;
  }
  if (topic != NULL) {
    const command *verb = find_command(topic);
    if (verb == NULL) *status = fail_unknown_command(topic, error);
    if (verb != NULL && rank == 0) print_help(verb);
  } else if (wants_help) {
    if (rank == 0) print_overview(stdout);
  } else if (strcmp(word, "--version") == 0) {
    if (rank == 0) *status = print_version(error);
  } else {
    return 0;
  }
  return 1;
}

/* The verb's own options and the borrowed ones in one table. */
static void join_options(const command *verb, option_spec table[OPTIONS_MOST + 1]) {
  const option_spec *const parts[] = {verb->options,
                                      verb->borrows != NULL ? verb->borrows->options : NULL};
  int count = 0;
  for (int i = 0; i < 2 && parts[i] != NULL; ++i) {
    for (int j = 0; parts[i][j].name != NULL; ++j) {
      assert(count < OPTIONS_MOST);
      table[count++] = parts[i][j];
    }
  }
  table[count] = (option_spec){.name = NULL};
}

static nnt_status run_command(int argc, char **argv, nnt_comm *comm, nnt_error *error) {
  nnt_status status = NNT_OK;
  int rank = nnt_comm_rank(comm);
  if (run_information(argc, argv, rank, &status, error)) return nnt_comm_agree(comm, status, error);
  const command *verb = find_command(argv[1]);
  if (verb == NULL) return fail_unknown_command(argv[1], error);
  options *parsed = NULL;
  option_spec table[OPTIONS_MOST + 1];
  join_options(verb, table);
  status =
      options_parse(table, verb->name, verb->max_positionals, argc - 2, argv + 2, &parsed, error);
  /* A run file may be unreadable on some nodes only. */
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK && (verb->collective || rank == 0)) status = verb->run(parsed, comm, error);
  if (!verb->collective) status = nnt_comm_agree(comm, status, error);
  options_destroy(&parsed);
  return status;
}

int main(int argc, char **argv) {
  int provided = 0;
  nnt_error error = {0};
  nnt_comm *comm = NULL;
  int rank = 0;
  const command *verb = argc > 1 && argv[1] != NULL ? find_command(argv[1]) : NULL;
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
