/* Diverging replicas of the parameters are found, and the ranks are named; subsets of ranks.
 *
 * The linker redirects the trainer's calls of nnt_stepper_run to the wrapper here, which flips a
 * bit. */
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "comm/replica_hash.h"
#include "comm/subset.h"
#include "exact.h"
#include "net/fingerprint.h"
#include "step/step.h"

static nnt_comm *world;
static nnt_error error;

/* Where the next bit is flipped: after a step, on a rank. */
static int break_after, break_rank;
static int64_t break_at; /* float of the arena; < 0: of the momentum */

/* NOLINTBEGIN: names that the linker asks for */
nnt_status __real_nnt_stepper_run(nnt_stepper *, const nnt_sample_order *, int64_t, int64_t, double,
                                  double *, nnt_step_times *, nnt_error *);
nnt_status __wrap_nnt_stepper_run(nnt_stepper *stepper, const nnt_sample_order *order,
                                  int64_t first, int64_t batch, double rate, double *loss,
                                  nnt_step_times *times, nnt_error *failure);

nnt_status __wrap_nnt_stepper_run(nnt_stepper *stepper, const nnt_sample_order *order,
                                  int64_t first, int64_t batch, double rate, double *loss,
                                  nnt_step_times *times, nnt_error *failure) {
  nnt_status status =
      __real_nnt_stepper_run(stepper, order, first, batch, rate, loss, times, failure);
  if (--break_after == 0 && nnt_comm_rank(world) == break_rank) {
    float *arena = break_at < 0 ? nnt_stepper_state(stepper, 0) : nnt_stepper_parameters(stepper);
    uint32_t bits = 0;
    arena += break_at < 0 ? -break_at : break_at;
    memcpy(&bits, arena, sizeof bits);
    bits ^= 1;
    memcpy(arena, &bits, sizeof bits);
  }
  return status;
}
/* NOLINTEND */

static void check_text(const char *expected) {
  if (strstr(error.where, expected) == NULL) fail_msg("'%s' is not in '%s'", expected, error.where);
}

static bool exists(const char *path) {
  struct stat ignored;
  return stat(path, &ignored) == 0;
}

/* 7 steps per epoch. The bit is flipped after step 10, in the second epoch. */
static void train_broken(nnt_comm *comm, nnt_allreduce allreduce, int64_t check_every, int64_t at,
                         int rank, const char *when) {
  nnt_train_options options = small_run("broken");
  nnt_train_result result;
  char host[MPI_MAX_PROCESSOR_NAME + 32];
  int length = (int)strlen("rank 0 on ");
  (void)snprintf(host, sizeof host, "rank %d on ", rank);
  MPI_Get_processor_name(host + length, &length);
  options.allreduce = allreduce;
  options.check_every = check_every;
  remove_run(comm, "broken");
  break_after = 10;
  break_rank = rank;
  break_at = at;
  assert_int_equal(nnt_train(comm, &options, NULL, &result, &error), NNT_DIFFERENT);
  assert_string_equal(error.what, "copies of the parameters differ");
  check_text(when);
  check_text(host);
  check_text(nnt_comm_nodes(comm) * (allreduce == NNT_ALLREDUCE_FLAT ? 8 : 1) > 2 &&
                     nnt_comm_size(comm) > 2
                 ? ", against all others"
                 : ", one of them");
  assert_int_equal(nnt_status_exit_code(error.status), 1);
  /* The checkpoint of the previous epoch exists, none of the broken parameters. */
  assert_true(exists("broken/checkpoint-00001.h5"));
  assert_false(exists("broken/checkpoint-00002.h5"));
  assert_int_equal(nnt_comm_agree(comm, NNT_OK, &error), NNT_OK);
}

static void finds_a_broken_copy_of_a_rank(void **state) {
  (void)state;
  int last = nnt_comm_size(world) - 1;
  train_broken(world, NNT_ALLREDUCE_FLAT, 1, 0, last, "after step 10:");
  train_broken(world, NNT_ALLREDUCE_FLAT, 4, 700, 0, "after step 12:");
  train_broken(world, NNT_ALLREDUCE_FLAT, 1000, -700, last, "after step 14:");
}

static void finds_a_broken_copy_of_a_node(void **state) {
  (void)state;
  nnt_comm *comm = nodes_of(1);
  train_broken(comm, NNT_ALLREDUCE_AUTO, 1, 0, 1, "after step 10:");
  nnt_comm_destroy(&comm);
  if (nnt_comm_size(world) != 4) return;
  /* Two replicas, one per node: the ranks of the first half are named. */
  comm = nodes_of(2);
  train_broken(comm, NNT_ALLREDUCE_AUTO, 3, 0, 2, "after step 12: rank 0 on ");
  nnt_comm_destroy(&comm);
}

/* Without a comparison nothing is found. */
static void compares_only_when_asked(void **state) {
  (void)state;
  nnt_train_options options = small_run("unchecked");
  nnt_train_result result;
  options.allreduce = NNT_ALLREDUCE_FLAT;
  options.check_every = 0;
  remove_run(world, "unchecked");
  break_after = 10;
  break_rank = 0;
  break_at = 0;
  assert_int_equal(nnt_train(world, &options, NULL, &result, &error), NNT_OK);
}

/* The ranks of a node see their only replica differently: hashing a neighbour's part reveals it. */
static void finds_another_view_of_one_copy(void **state) {
  (void)state;
  int size = nnt_comm_size(world), rank = nnt_comm_rank(world);
  nnt_replica_hash *hash = NULL;
  assert_int_equal(nnt_replica_hash_create(world, size, &hash, &error), NNT_OK);
  nnt_replica_hash_share share = nnt_replica_hash_share_of(hash);
  assert_int_equal(share.parts, size);
  assert_int_equal(share.count, 2);
  assert_int_equal(share.own[0], rank);
  uint64_t hashes[2] = {100 + (uint64_t)share.own[0], 100 + (uint64_t)share.own[1]};
  assert_int_equal(nnt_replica_hash_compare(hash, hashes, "now", &error), NNT_OK);
  if (rank == 1) ++hashes[0];
  assert_int_equal(nnt_replica_hash_compare(hash, hashes, "now", &error), NNT_DIFFERENT);
  check_text("now: rank 0 on ");
  check_text("rank 1 on ");
  check_text(", one of them");
  nnt_replica_hash_destroy(&hash);
  nnt_replica_hash_destroy(&hash);
}

static void hashes_every_bit(void **state) {
  (void)state;
  enum { FLOATS = 8192 * 20 + 5 };
  float *values = test_floats(FLOATS);
  for (int64_t i = 0; i < FLOATS; ++i) values[i] = test_number(1, i);
  uint64_t whole = nnt_fingerprint(7, values, FLOATS, 1);
  assert_true(nnt_fingerprint(7, values, FLOATS, 2) == whole);
  assert_true(nnt_fingerprint(7, values, FLOATS, 3) == whole);
  assert_true(nnt_fingerprint(8, values, FLOATS, 1) != whole);
  assert_true(nnt_fingerprint(7, values, FLOATS - 1, 1) != whole);
  for (int i = 0; i < 400; ++i) {
    int64_t at = i < 40 ? FLOATS - 1 - i : (int64_t)i * 409 % FLOATS;
    uint32_t before = 0, bits = 0;
    memcpy(&before, values + at, sizeof before);
    bits = before ^ (UINT32_C(1) << (i % 32));
    memcpy(values + at, &bits, sizeof bits);
    assert_true(nnt_fingerprint(7, values, FLOATS, 1) != whole);
    memcpy(values + at, &before, sizeof before);
  }
  /* Two chunks are swapped. */
  for (int i = 0; i < 8192; ++i) {
    float kept = values[i];
    values[i] = values[8192 + i];
    values[8192 + i] = kept;
  }
  assert_true(nnt_fingerprint(7, values, FLOATS, 1) != whole);
  free(values);
}

static void forms_subsets(void **state) {
  (void)state;
  int size = nnt_comm_size(world), rank = nnt_comm_rank(world);
  for (int ranks = 1; ranks <= size; ++ranks) {
    nnt_comm *part = NULL;
    double sum[2] = {0.0, 0.0};
    assert_int_equal(nnt_comm_subset(world, ranks, &part, &error), NNT_OK);
    if (part != NULL) {
      assert_int_equal(nnt_comm_size(part), ranks);
      assert_int_equal(nnt_comm_rank(part) * size / ranks, rank);
      sum[0] = 1.0;
    }
    if (rank == 0) assert_non_null(part);
    assert_int_equal(nnt_comm_rest(world, &error), NNT_OK);
    assert_int_equal(nnt_comm_sum(world, sum, 2, &error), NNT_OK);
    assert_true(sum[0] == ranks);
    nnt_comm_destroy(&part);
  }
}

/* Sleeping ranks leave the cores alone: processor time while rank 0 is away, beside the time. */
static void rests_asleep(void **state) {
  (void)state;
  struct timespec away = {.tv_nsec = 300000000};
  assert_int_equal(nnt_comm_barrier(world, &error), NNT_OK);
  clock_t before = clock();
  double began = nnt_clock_seconds();
  if (nnt_comm_rank(world) == 0) (void)nanosleep(&away, NULL);
  assert_int_equal(nnt_comm_rest(world, &error), NNT_OK);
  assert_true((double)(clock() - before) / CLOCKS_PER_SEC < (nnt_clock_seconds() - began) / 3.0);
}

int main(int argc, char **argv) {
  int provided = 0;
  const struct CMUnitTest tests[] = {cmocka_unit_test(finds_a_broken_copy_of_a_rank),
                                     cmocka_unit_test(finds_a_broken_copy_of_a_node),
                                     cmocka_unit_test(compares_only_when_asked),
                                     cmocka_unit_test(finds_another_view_of_one_copy),
                                     cmocka_unit_test(hashes_every_bit),
                                     cmocka_unit_test(forms_subsets),
                                     cmocka_unit_test(rests_asleep)};
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return 1;
  if (nnt_comm_create(MPI_COMM_WORLD, &world, &error) != NNT_OK) return 1;
  write_data(world);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  nnt_comm_destroy(&world);
  MPI_Finalize();
  return failed;
}
