/* A run on any number of nodes, of any number of ranks each, ends with the digest of one rank. */
#include "exact.h"

static nnt_comm *world;
static nnt_error error;

static void digest_of(nnt_comm *comm, nnt_allreduce allreduce, const char *output, char out[65]) {
  nnt_train_options options = small_run(output);
  nnt_train_result result;
  options.allreduce = allreduce;
  remove_run(comm, output);
  assert_int_equal(nnt_train(comm, &options, NULL, &result, &error), NNT_OK);
  memcpy(out, result.digest, 65);
}

static void alone(char out[65]) {
  nnt_comm *comm = NULL;
  char output[32];
  (void)snprintf(output, sizeof output, "alone-%d", nnt_comm_rank(world));
  assert_int_equal(nnt_comm_create(MPI_COMM_SELF, &comm, &error), NNT_OK);
  digest_of(comm, NNT_ALLREDUCE_AUTO, output, out);
  nnt_comm_destroy(&comm);
}

static void trains_alike_on_any_nodes(void **state) {
  (void)state;
  char expected[65], found[65];
  alone(expected);
  for (int node_size = 1; node_size <= nnt_comm_size(world); ++node_size) {
    nnt_comm *comm = nodes_of(node_size);
    digest_of(comm, NNT_ALLREDUCE_AUTO, "auto", found);
    assert_string_equal(found, expected);
    digest_of(comm, NNT_ALLREDUCE_FLAT, "flat", found);
    assert_string_equal(found, expected);
    nnt_comm_destroy(&comm);
  }
}

int main(int argc, char **argv) {
  int provided = 0;
  const struct CMUnitTest tests[] = {cmocka_unit_test(trains_alike_on_any_nodes)};
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return 1;
  if (nnt_comm_create(MPI_COMM_WORLD, &world, &error) != NNT_OK) return 1;
  write_data(world);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  nnt_comm_destroy(&world);
  MPI_Finalize();
  return failed;
}
