/* Common to these tests: simulated nodes, a small data set, and a run on it. */
#ifndef NNT_TESTS_EXACT_H
#define NNT_TESTS_EXACT_H

#include <nntrain/convert.h>
#include <nntrain/train.h>
#include <unistd.h>

#include "../unit/unit.h"
#include "comm/comm.h"

#define DATA "data.h5"

/* The ranks of MPI_COMM_WORLD as if nodes had `node_size` of them each, the last one what is left.
 */
static inline nnt_comm *nodes_of(int node_size) {
  nnt_comm *comm = NULL;
  nnt_error error;
  assert_int_equal(nnt_comm_create(MPI_COMM_WORLD, &comm, &error), NNT_OK);
  assert_int_equal(MPI_Comm_free(&comm->node), MPI_SUCCESS);
  comm->node_index = comm->rank / node_size;
  assert_int_equal(MPI_Comm_split(comm->world, comm->node_index, comm->rank, &comm->node),
                   MPI_SUCCESS);
  MPI_Comm_rank(comm->node, &comm->node_rank);
  MPI_Comm_size(comm->node, &comm->node_size);
  comm->nodes = (comm->size + node_size - 1) / node_size;
  return comm;
}

/* 203 samples of 13 features in 4 classes. Rank 0 writes it. */
static inline void write_data(nnt_comm *comm) {
  nnt_convert_options options = {.input = "data.csv", .output = {.path = DATA, .force = true}};
  nnt_convert_result result;
  nnt_error error;
  nnt_status status = NNT_OK;
  if (nnt_comm_rank(comm) == 0) {
    FILE *file = fopen(options.input, "w");
    assert_non_null(file);
    for (int i = 0; i < 203; ++i) {
      for (int j = 0; j < 13; ++j)
        (void)fprintf(file, "%.6f,", (double)test_number(3, i * 13 + j) + (i % 4 == j ? 1.0 : 0.0));
      (void)fprintf(file, "%d\n", i % 4);
    }
    assert_int_equal(fclose(file), 0);
    status = nnt_convert(&options, &result, &error);
  }
  assert_int_equal(nnt_comm_agree(comm, status, &error), NNT_OK);
}

/* Removes what a run left, on rank 0. */
static inline void remove_run(nnt_comm *comm, const char *output) {
  static const char *const names[] = {
      "checkpoint-00001.h5", "checkpoint-00002.h5", "checkpoint-00003.h5", "best.h5", "last.h5",
      "metrics.jsonl"};
  nnt_error error;
  for (size_t i = 0; i < sizeof names / sizeof *names && nnt_comm_rank(comm) == 0; ++i) {
    char path[100];
    (void)snprintf(path, sizeof path, "%s/%s", output, names[i]);
    (void)unlink(path);
  }
  assert_int_equal(nnt_comm_agree(comm, NNT_OK, &error), NNT_OK);
}

static inline nnt_train_options small_run(const char *output) {
  nnt_train_options options;
  nnt_train_options_default(&options);
  options.data.path = DATA;
  options.hidden_count = 2;
  options.hidden[0] = 45;
  options.hidden[1] = 20;
  options.optimizer.learning_rate = 0.02;
  options.batch_size = 30;
  options.epochs = 3;
  options.threads = 1;
  options.output = output;
  return options;
}

#endif
