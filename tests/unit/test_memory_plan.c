/* What is kept in memory: whole data sets while they fit, else windows within the limit. */
#include "input/memory_plan.h"

#include "input/stream.h"
#include "unit.h"

#define MB (INT64_C(1) << 20)

static const nnt_shuffling chosen = {.kind = NNT_SHUFFLE_AUTO};

static nnt_data_size size_of(int64_t samples, int64_t row_bytes) {
  return (nnt_data_size){"data.h5", samples, row_bytes, 1};
}

static nnt_status plan(int64_t limit, nnt_data_mode mode, nnt_shuffling shuffling, int64_t batch,
                       const nnt_data_size *train, const nnt_data_size *validation,
                       nnt_memory_plan plans[2]) {
  nnt_error error;
  nnt_data_limit bytes = {limit, true, 2};
  return nnt_memory_plan_train(&bytes, mode, &shuffling, batch, train, validation, plans, &error);
}

static void fits(void **state) {
  (void)state;
  nnt_memory_plan plans[2];
  nnt_data_size train = size_of(1000, 1000), validation = size_of(100, 1000);
  assert_int_equal(plan(2 * MB, NNT_DATA_AUTO, chosen, 32, &train, &validation, plans), NNT_OK);
  assert_false(plans[0].streaming || plans[1].streaming);
  assert_int_equal(plans[0].shuffling.kind, NNT_SHUFFLE_FULL);
  assert_int_equal(plans[0].bytes, 1000000);
  assert_int_equal(plans[1].bytes, 100000);
  /* A block or a window asks for a windowed shuffle. */
  nnt_shuffling window = {.window = 100};
  assert_int_equal(plan(2 * MB, NNT_DATA_AUTO, window, 32, &train, NULL, plans), NNT_OK);
  assert_int_equal(plans[0].shuffling.kind, NNT_SHUFFLE_WINDOWED);
  assert_int_equal(plans[0].shuffling.window / plans[0].shuffling.block,
                   100 / plans[0].shuffling.block);
}

/* For sizes from bytes to petabytes: within the limit, whole blocks, a batch fits. */
static void streams_within_the_limit(void **state) {
  (void)state;
  static const int64_t limits[] = {MB / 4, 8 * MB, 500 * MB, 4096 * MB, 1024 * 1024 * MB};
  static const int64_t rows[] = {5, 788, 12292, 600000};
  static const double excesses[] = {1.01, 3.0, 50.0, 1000.0};
  int planned = 0;
  for (int l = 0; l < 5; ++l) {
    for (int r = 0; r < 4; ++r) {
      for (int e = 0; e < 4; ++e) {
        nnt_memory_plan plans[2];
        nnt_data_size train =
            size_of((int64_t)((double)limits[l] * excesses[e] / (double)rows[r]), rows[r]);
        if ((double)train.samples * (double)rows[r] <= (double)limits[l]) continue;
        int64_t batch = 128 * rows[r] < limits[l] / 8 ? 128 : 1;
        nnt_status status = plan(limits[l], NNT_DATA_AUTO, chosen, batch, &train, NULL, plans);
        if (status != NNT_OK) continue;
        const nnt_shuffling *windows = &plans[0].shuffling;
        ++planned;
        assert_true(plans[0].streaming);
        assert_int_equal(windows->kind, NNT_SHUFFLE_WINDOWED);
        assert_true(plans[0].bytes <= limits[l]);
        assert_int_equal(windows->window % windows->block, 0);
        assert_true(nnt_stream_most(train.samples, windows) >= batch);
        /* Two windows fill the limit, but for a part of a block, unless they hold the data set. */
        assert_true(plans[0].bytes > limits[l] / 2 ||
                    2 * windows->window >= train.samples / 10 * 9);
        if (limits[l] >= 500 * MB && rows[r] <= 12292 && e < 3)
          assert_true(windows->window / windows->block >= 2000);
      }
    }
  }
  assert_true(planned >= 70);
}

static void keeps_what_is_given(void **state) {
  (void)state;
  nnt_memory_plan plans[2];
  nnt_data_size train = size_of(100000, 1000);
  nnt_shuffling given = {NNT_SHUFFLE_WINDOWED, 30, 1000};
  for (int64_t limit = 4 * MB; limit <= 256 * MB; limit *= 2) {
    assert_int_equal(plan(limit, NNT_DATA_AUTO, given, 128, &train, NULL, plans), NNT_OK);
    assert_int_equal(plans[0].streaming, limit < 100000000);
    assert_int_equal(plans[0].shuffling.block, 30);
    assert_int_equal(plans[0].shuffling.window, 990);
  }
}

static void keeps_chunks_whole(void **state) {
  (void)state;
  nnt_memory_plan plans[2];
  nnt_data_size train = size_of(10000000, 1000);
  train.chunk_rows = 700;
  assert_int_equal(plan(1024 * MB, NNT_DATA_AUTO, chosen, 128, &train, NULL, plans), NNT_OK);
  assert_int_equal(plans[0].shuffling.block % 700, 0);
  /* Not where a window would have too few blocks to mix. */
  train.chunk_rows = 100000;
  assert_int_equal(plan(1024 * MB, NNT_DATA_AUTO, chosen, 128, &train, NULL, plans), NNT_OK);
  assert_true(plans[0].shuffling.window / plans[0].shuffling.block >= 2000);
}

static void validation_gives_way(void **state) {
  (void)state;
  nnt_memory_plan plans[2];
  nnt_data_size train = size_of(10000, 1000), small = size_of(1000, 1000),
                large = size_of(100000, 1000);
  assert_int_equal(plan(16 * MB, NNT_DATA_AUTO, chosen, 32, &train, &large, plans), NNT_OK);
  assert_true(!plans[0].streaming && plans[1].streaming);
  assert_true(plans[0].bytes + plans[1].bytes <= 16 * MB);
  assert_int_equal(plan(8 * MB, NNT_DATA_AUTO, chosen, 32, &large, &small, plans), NNT_OK);
  assert_true(plans[0].streaming && !plans[1].streaming);
  assert_true(plans[0].bytes + plans[1].bytes <= 8 * MB);
  assert_int_equal(plan(8 * MB, NNT_DATA_AUTO, chosen, 32, &large, &large, plans), NNT_OK);
  assert_true(plans[0].streaming && plans[1].streaming);
  assert_true(plans[0].bytes + plans[1].bytes <= 8 * MB);
  assert_int_equal(plans[1].shuffling.kind, NNT_SHUFFLE_NONE);
}

static void refuses(void **state) {
  (void)state;
  nnt_memory_plan plans[2];
  nnt_error error;
  nnt_data_size train = size_of(100000, 1000), huge = size_of(INT64_C(1) << 40, 1 << 20);
  nnt_shuffling full = {.kind = NNT_SHUFFLE_FULL}, wide = {NNT_SHUFFLE_WINDOWED, 10, 50000},
                narrow = {NNT_SHUFFLE_WINDOWED, 10, 100};
  nnt_data_limit unasked = {6000 * MB, false, 1};
  assert_int_equal(plan(8 * MB, NNT_DATA_RESIDENT, chosen, 1, &train, NULL, plans), NNT_BAD_USAGE);
  assert_int_equal(plan(8 * MB, NNT_DATA_AUTO, full, 1, &train, NULL, plans), NNT_BAD_USAGE);
  assert_int_equal(plan(8 * MB, NNT_DATA_AUTO, wide, 1, &train, NULL, plans), NNT_BAD_USAGE);
  assert_int_equal(plan(8 * MB, NNT_DATA_AUTO, narrow, 128, &train, NULL, plans), NNT_BAD_USAGE);
  assert_int_equal(plan(8 * MB, NNT_DATA_AUTO, chosen, 8192, &train, NULL, plans), NNT_BAD_USAGE);
  assert_int_equal(plan(1000, NNT_DATA_AUTO, chosen, 1, &train, NULL, plans), NNT_BAD_USAGE);
  assert_int_equal(
      nnt_memory_plan_train(&unasked, NNT_DATA_AUTO, &chosen, 1, &huge, NULL, plans, &error),
      NNT_OUT_OF_MEMORY);
  assert_int_equal(nnt_memory_plan_pass(&unasked, NNT_DATA_AUTO, &huge, plans, &error),
                   NNT_OUT_OF_MEMORY);
}

static void passes(void **state) {
  (void)state;
  nnt_error error;
  nnt_memory_plan one;
  nnt_data_size data = size_of(10000, 1000);
  for (int64_t limit = MB; limit <= 16 * MB; limit *= 2) {
    nnt_data_limit bytes = {limit, true, 3};
    assert_int_equal(nnt_memory_plan_pass(&bytes, NNT_DATA_AUTO, &data, &one, &error), NNT_OK);
    assert_int_equal(one.streaming, limit < 10000000);
    assert_true(one.bytes <= limit);
    if (one.streaming) assert_true(nnt_stream_most(data.samples, &one.shuffling) >= 256);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(fits),
                                     cmocka_unit_test(streams_within_the_limit),
                                     cmocka_unit_test(keeps_what_is_given),
                                     cmocka_unit_test(keeps_chunks_whole),
                                     cmocka_unit_test(validation_gives_way),
                                     cmocka_unit_test(refuses),
                                     cmocka_unit_test(passes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
