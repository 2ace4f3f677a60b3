/* A run on any number of nodes, of any number of ranks each, ends with the digest of one rank. */
#include "exact.h"

static nnt_comm *world;
static nnt_error error;

typedef void (*choose_methods)(nnt_train_options *options);

static void choose_none(nnt_train_options *options) {
  (void)options;
}

/* Those that need norms of layers and of the whole, in several stages. */
static void choose_norms(nnt_train_options *options) {
  nnt_optimizer_settings_default(NNT_LAMB, &options->optimizer);
  options->optimizer.clip_norm = 0.5;
  options->optimizer.max_norm = 2.0;
  options->regularization.dropout_count = 1;
  options->regularization.dropout[0] = 0.2;
  options->accumulate = 2;
}

static void choose_batch_norm(nnt_train_options *options) {
  options->regularization.norm = NNT_NORM_BATCH;
}

static void digest_of(nnt_comm *comm, nnt_allreduce allreduce, choose_methods choose,
                      const char *output, char out[65]) {
  nnt_train_options options = small_run(output);
  nnt_train_result result;
  options.allreduce = allreduce;
  choose(&options);
  remove_run(comm, output);
  assert_int_equal(nnt_train(comm, &options, NULL, &result, &error), NNT_OK);
  memcpy(out, result.digest, 65);
}

static void alone(choose_methods choose, char out[65]) {
  nnt_comm *comm = NULL;
  char output[32];
  (void)snprintf(output, sizeof output, "alone-%d", nnt_comm_rank(world));
  assert_int_equal(nnt_comm_create(MPI_COMM_SELF, &comm, &error), NNT_OK);
  digest_of(comm, NNT_ALLREDUCE_AUTO, choose, output, out);
  nnt_comm_destroy(&comm);
}

static void compare_nodes(choose_methods choose) {
  char expected[65], found[65];
  alone(choose, expected);
  for (int node_size = 1; node_size <= nnt_comm_size(world); ++node_size) {
    nnt_comm *comm = nodes_of(node_size);
    digest_of(comm, NNT_ALLREDUCE_AUTO, choose, "auto", found);
    assert_string_equal(found, expected);
    digest_of(comm, NNT_ALLREDUCE_FLAT, choose, "flat", found);
    assert_string_equal(found, expected);
    nnt_comm_destroy(&comm);
  }
}

static void trains_alike_on_any_nodes(void **state) {
  (void)state;
  compare_nodes(choose_none);
}

static void works_alike_on_any_nodes(void **state) {
  (void)state;
  compare_nodes(choose_norms);
}

static void normalises_alike_on_any_nodes(void **state) {
  (void)state;
  compare_nodes(choose_batch_norm);
}

int main(int argc, char **argv) {
  int provided = 0;
  const struct CMUnitTest tests[] = {cmocka_unit_test(trains_alike_on_any_nodes),
                                     cmocka_unit_test(works_alike_on_any_nodes),
                                     cmocka_unit_test(normalises_alike_on_any_nodes)};
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return 1;
  if (nnt_comm_create(MPI_COMM_WORLD, &world, &error) != NNT_OK) return 1;
  write_data(world);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  nnt_comm_destroy(&world);
  MPI_Finalize();
  return failed;
}
