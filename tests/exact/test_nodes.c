/* A run on any number of nodes, of any number of ranks each, ends with the digest of one rank. */
#include "exact.h"

static nnt_comm *world;
static nnt_error error;

/* `methods`: those that need norms of layers and of the whole, in several stages. */
static void digest_of(nnt_comm *comm, nnt_allreduce allreduce, bool methods, const char *output,
                      char out[65]) {
  nnt_train_options options = small_run(output);
  nnt_train_result result;
  options.allreduce = allreduce;
  if (methods) {
    nnt_optimizer_settings_default(NNT_LAMB, &options.optimizer);
    options.optimizer.clip_norm = 0.5;
    options.optimizer.max_norm = 2.0;
    options.regularization.dropout_count = 1;
    options.regularization.dropout[0] = 0.2;
    options.accumulate = 2;
  }
  remove_run(comm, output);
  assert_int_equal(nnt_train(comm, &options, NULL, &result, &error), NNT_OK);
  memcpy(out, result.digest, 65);
}

static void alone(bool methods, char out[65]) {
  nnt_comm *comm = NULL;
  char output[32];
  (void)snprintf(output, sizeof output, "alone-%d", nnt_comm_rank(world));
  assert_int_equal(nnt_comm_create(MPI_COMM_SELF, &comm, &error), NNT_OK);
  digest_of(comm, NNT_ALLREDUCE_AUTO, methods, output, out);
  nnt_comm_destroy(&comm);
}

static void compare_nodes(bool methods) {
  char expected[65], found[65];
  alone(methods, expected);
  for (int node_size = 1; node_size <= nnt_comm_size(world); ++node_size) {
    nnt_comm *comm = nodes_of(node_size);
    digest_of(comm, NNT_ALLREDUCE_AUTO, methods, "auto", found);
    assert_string_equal(found, expected);
    digest_of(comm, NNT_ALLREDUCE_FLAT, methods, "flat", found);
    assert_string_equal(found, expected);
    nnt_comm_destroy(&comm);
  }
}

static void trains_alike_on_any_nodes(void **state) {
  (void)state;
  compare_nodes(false);
}

static void works_alike_on_any_nodes(void **state) {
  (void)state;
  compare_nodes(true);
}

int main(int argc, char **argv) {
  int provided = 0;
  const struct CMUnitTest tests[] = {cmocka_unit_test(trains_alike_on_any_nodes),
                                     cmocka_unit_test(works_alike_on_any_nodes)};
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return 1;
  if (nnt_comm_create(MPI_COMM_WORLD, &world, &error) != NNT_OK) return 1;
  write_data(world);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  nnt_comm_destroy(&world);
  MPI_Finalize();
  return failed;
}
