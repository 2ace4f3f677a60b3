/* Agreement, node memory and the exchange of gradients, at any number of ranks. */
#include "comm/comm.h"

#include <omp.h>

#include "comm/gradient_exchange.h"
#include "comm/node_memory.h"
#include "unit.h"

static nnt_comm *comm;
static nnt_error error;

static void agrees_on_success(void **state) {
  (void)state;
  assert_int_equal(nnt_comm_agree(comm, NNT_OK, &error), NNT_OK);
}

/* The lowest failing rank's error reaches everybody. */
static void agrees_on_the_lowest_failure(void **state) {
  (void)state;
  int rank = nnt_comm_rank(comm), first = nnt_comm_size(comm) / 2;
  nnt_status status = NNT_OK;
  if (rank >= first) status = nnt_fail(&error, NNT_BAD_INPUT, "bad\nrank %d\nnothing", rank);
  char expected[32];
  (void)snprintf(expected, sizeof expected, "rank %d", first);
  assert_int_equal(nnt_comm_agree(comm, status, &error), NNT_BAD_INPUT);
  assert_string_equal(error.where, expected);
}

static void shares_memory_in_a_node(void **state) {
  (void)state;
  nnt_node_memory *memory = NULL;
  int rank = nnt_comm_node_rank(comm), size = nnt_comm_node_size(comm);
  assert_int_equal(nnt_node_memory_create(comm, (size_t)size * sizeof(int) + 1000,
                                          NNT_MEMORY_OF_NODE, &memory, &error),
                   NNT_OK);
  int *shared = nnt_node_memory_data(memory);
  assert_int_equal((uintptr_t)shared % NNT_ALIGNMENT, 0);
  assert_int_equal(shared[rank], 0);
  shared[rank] = rank + 1;
  assert_int_equal(nnt_node_memory_sync(memory, &error), NNT_OK);
  for (int i = 0; i < size; ++i) assert_int_equal(shared[i], i + 1);
  assert_int_equal(nnt_node_memory_sync(memory, &error), NNT_OK);
  nnt_node_memory_destroy(&memory);
  nnt_node_memory_destroy(&memory);
}

/* What the updates saw: each float of the arena exactly once over the ranks that share it. */
typedef struct seen {
  float *parameters;
  int next_bucket;
  int size, repeat;
} seen;

/* The expected sum over the ranks of value_of. */
static float sum_of(int64_t i, int size, int repeat) {
  return (float)((i % 100) * size * (size + 1) / 2 + repeat * size);
}

static float value_of(int64_t i, int rank, int repeat) {
  return (float)((i % 100) * (rank + 1) + repeat);
}

static void take_range(void *context, int bucket, int64_t begin, int64_t end,
                       const float *gradients) {
  seen *s = context;
  assert_true(bucket <= s->next_bucket);
  s->next_bucket = bucket;
  for (int64_t i = begin; i < end; ++i) {
    assert_true(gradients[i] == sum_of(i, s->size, s->repeat));
    s->parameters[i] += 1.0F;
  }
}

/* Whole numbers, so that the sum is exact in any order; an empty bucket among them. */
static void exchanges(nnt_allreduce mode) {
  enum { FLOATS = 5024 };
  const int64_t begin[] = {0, 32, 32, 4000, FLOATS};
  const nnt_exchange_plan plan = {
      .buckets = 4, .begin = begin, .states = 2, .scratch = 3, .mode = mode};
  nnt_gradient_exchange *exchange = NULL;
  int rank = nnt_comm_rank(comm);
  assert_int_equal(nnt_gradient_exchange_create(comm, &plan, &exchange, &error), NNT_OK);
  float *gradients = nnt_gradient_exchange_gradients(exchange);
  float *parameters = nnt_gradient_exchange_parameters(exchange);
  assert_non_null(nnt_gradient_exchange_state(exchange, 1));
  assert_null(nnt_gradient_exchange_state(exchange, 2));
  assert_non_null(nnt_gradient_exchange_scratch(exchange));
  for (int repeat = 0; repeat < 5; ++repeat) {
    seen s = {parameters, 3, nnt_comm_size(comm), repeat};
    for (int i = 0; i < FLOATS; ++i) gradients[i] = value_of(i, rank, repeat);
    for (int b = 3; b >= 0; --b) nnt_gradient_exchange_start(exchange, b);
    assert_int_equal(nnt_gradient_exchange_finish(exchange, take_range, &s, &error), NNT_OK);
    /* The next step's gradients may be written while another rank still reads the tail. */
    for (int i = 0; i < FLOATS; ++i) gradients[i] = -1.0F;
    const float *tail = nnt_gradient_exchange_tail(exchange);
    for (int i = 0; i < 32; ++i) assert_true(tail[i] == sum_of(FLOATS - 32 + i, s.size, repeat));
    for (int i = 0; i < FLOATS; ++i) assert_true(parameters[i] >= (float)(repeat + 1));
  }
  assert_int_equal(nnt_gradient_exchange_sync(exchange, &error), NNT_OK);
  for (int i = 0; i < FLOATS; ++i) assert_true(parameters[i] == 5.0F);
  nnt_gradient_exchange_destroy(&exchange);
  nnt_gradient_exchange_destroy(&exchange);
}

/* What granule `granule` contributes to float i: of any size and sign, so that order shows. */
static float leaf_of(int64_t granule, int64_t i, int repeat) {
  float size = ldexpf(1.0F, (int)((granule * 5 + i) % 17));
  return size * test_number((uint32_t)(repeat + 30), granule * 100000 + i);
}

/* Floats 0 to `floats` of output `output` of a plan over granules [first, ...), one by one. */
static void sum_leaves(const nnt_sum_tree *plan, int64_t first, int repeat, int64_t floats,
                       float *arenas) {
  for (int64_t i = 0; i < floats; ++i) {
    float stack[NNT_SUM_PLACES];
    for (int64_t g = 0; g < plan->items; ++g) {
      const nnt_sum_step *step = &plan->steps[g];
      float value = leaf_of(first + g, i, repeat);
      for (int m = step->merges; m > 0; --m) value += stack[step->place + m - 1];
      stack[step->place] = value;
      if (step->output >= 0) arenas[step->output * floats + i] = value;
    }
  }
}

typedef struct exact_sum {
  const float *expected;
  float *parameters;
} exact_sum;

static void take_exact(void *context, int bucket, int64_t begin, int64_t end,
                       const float *gradients) {
  const exact_sum *s = context;
  (void)bucket;
  assert_memory_equal(gradients + begin, s->expected + begin,
                      (size_t)(end - begin) * sizeof(float));
  for (int64_t i = begin; i < end; ++i) s->parameters[i] += 1.0F;
}

/* Starts all buckets, on this many threads. */
static void start_buckets(nnt_gradient_exchange *exchange, int threads) {
#pragma omp parallel num_threads(threads)
  for (int b = 3; b >= 0; --b) {
    nnt_gradient_exchange_start(exchange, b);
    if (omp_get_thread_num() == 0) nnt_gradient_exchange_poll(exchange);
  }
}

/* The tree's sum bitwise, for any distribution of the granules, on any number of threads. */
static void exchanges_exactly(nnt_allreduce mode, int64_t granules, int64_t floats) {
  const int64_t begin[] = {0, 32, 1056, 1088, floats};
  const nnt_exchange_plan plan = {
      .buckets = 4, .begin = begin, .granules = granules, .mode = mode, .threads = 3};
  nnt_gradient_exchange *exchange = NULL;
  nnt_sum_tree whole;
  float *expected = test_floats(floats);
  assert_int_equal(nnt_sum_tree_create(granules, NULL, 0, granules, &whole, &error), NNT_OK);
  assert_int_equal(whole.outputs, 1);
  assert_int_equal(nnt_gradient_exchange_create(comm, &plan, &exchange, &error), NNT_OK);
  nnt_exchange_share share = nnt_gradient_exchange_share(exchange);
  assert_int_equal(share.granules, granules);
  exact_sum s = {expected, nnt_gradient_exchange_parameters(exchange)};
  for (int repeat = 0; repeat < 3; ++repeat) {
    sum_leaves(&whole, 0, repeat, floats, expected);
    sum_leaves(share.plan, share.first, repeat, floats, nnt_gradient_exchange_gradients(exchange));
    start_buckets(exchange, repeat + 1);
    assert_int_equal(nnt_gradient_exchange_finish(exchange, take_exact, &s, &error), NNT_OK);
  }
  assert_int_equal(nnt_gradient_exchange_sync(exchange, &error), NNT_OK);
  for (int64_t i = 0; i < floats; ++i) assert_true(s.parameters[i] == 3.0F);
  nnt_gradient_exchange_destroy(&exchange);
  nnt_sum_tree_clear(&whole);
  free(expected);
}

static void sums_by_the_tree(nnt_allreduce mode) {
  static const int64_t granules[] = {1, 2, 3, 4, 8, 11, 64};
  for (size_t i = 0; i < sizeof granules / sizeof *granules; ++i)
    exchanges_exactly(mode, granules[i], 2144);
  exchanges_exactly(mode, 8, INT64_C(1) << 18); /* a slice is worth threads */
}

static void sums_by_the_tree_in_shared_memory(void **state) {
  (void)state;
  sums_by_the_tree(NNT_ALLREDUCE_AUTO);
}

static void sums_by_the_tree_flat(void **state) {
  (void)state;
  sums_by_the_tree(NNT_ALLREDUCE_FLAT);
}

static void exchanges_in_shared_memory(void **state) {
  (void)state;
  exchanges(NNT_ALLREDUCE_AUTO);
}

/* Runs `test` on nodes of `members` ranks, as the library would find them on several machines;
 * where that leaves a smaller last node, the exchange must not share. */
static void on_nodes(int members, void (*test)(nnt_allreduce mode)) {
  nnt_comm *whole = comm, *parted = NULL;
  assert_int_equal(nnt_comm_create(MPI_COMM_WORLD, &parted, &error), NNT_OK);
  assert_int_equal(MPI_Comm_free(&parted->node), MPI_SUCCESS);
  parted->node_index = parted->rank / members;
  assert_int_equal(MPI_Comm_split(parted->world, parted->node_index, parted->rank, &parted->node),
                   MPI_SUCCESS);
  MPI_Comm_rank(parted->node, &parted->node_rank);
  MPI_Comm_size(parted->node, &parted->node_size);
  parted->nodes = (parted->size + members - 1) / members;
  comm = parted;
  test(NNT_ALLREDUCE_AUTO);
  comm = whole;
  nnt_comm_destroy(&parted);
}

static void exchanges_between_nodes(void **state) {
  (void)state;
  on_nodes(2, exchanges);
  on_nodes(1, exchanges);
}

static void sums_by_the_tree_between_nodes(void **state) {
  (void)state;
  on_nodes(2, sums_by_the_tree);
  on_nodes(1, sums_by_the_tree);
}

static void exchanges_flat(void **state) {
  (void)state;
  exchanges(NNT_ALLREDUCE_FLAT);
}

static void broadcasts_and_reduces(void **state) {
  (void)state;
  int rank = nnt_comm_rank(comm), size = nnt_comm_size(comm);
  int64_t numbers[2] = {rank, -rank};
  double sums[3] = {1.0, rank, 0.5};
  char text[16] = "";
  if (rank == size - 1) (void)snprintf(text, sizeof text, "hello");
  assert_int_equal(nnt_comm_broadcast(comm, size - 1, text, sizeof text, &error), NNT_OK);
  assert_string_equal(text, "hello");
  assert_int_equal(nnt_comm_max_int(comm, numbers, 2, &error), NNT_OK);
  assert_true(numbers[0] == size - 1 && numbers[1] == 0);
  assert_int_equal(nnt_comm_sum(comm, sums, 3, &error), NNT_OK);
  assert_true(sums[0] == size && sums[1] == size * (size - 1) / 2.0 && sums[2] == 0.5 * size);
}

int main(int argc, char **argv) {
  int provided = 0;
  const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_on_success),
                                     cmocka_unit_test(agrees_on_the_lowest_failure),
                                     cmocka_unit_test(shares_memory_in_a_node),
                                     cmocka_unit_test(exchanges_in_shared_memory),
                                     cmocka_unit_test(exchanges_flat),
                                     cmocka_unit_test(sums_by_the_tree_in_shared_memory),
                                     cmocka_unit_test(sums_by_the_tree_flat),
                                     cmocka_unit_test(sums_by_the_tree_between_nodes),
                                     cmocka_unit_test(exchanges_between_nodes),
                                     cmocka_unit_test(broadcasts_and_reduces)};
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return 1;
  if (nnt_comm_create(MPI_COMM_WORLD, &comm, &error) != NNT_OK) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  nnt_comm_destroy(&comm);
  MPI_Finalize();
  return failed;
}
