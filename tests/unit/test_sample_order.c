/* The order of the samples: one-to-one for every count, mixed, and another one each epoch; whole or
 * in windows of blocks. */
#include "data/sample_order.h"

#include "base/partition.h"
#include "unit.h"

static void is_one_to_one(void **state) {
  (void)state;
  static const int64_t counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 10, 31, 32, 33, 100, 1023, 4097, 60000};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
    int64_t count = counts[i];
    nnt_sample_order order = nnt_sample_order_of(count, 1, 0);
    char *seen = calloc((size_t)count, 1);
    assert_non_null(seen);
    for (int64_t p = 0; p < count; ++p) {
      int64_t s = nnt_sample_order_at(&order, p);
      assert_in_range(s, 0, count - 1);
      assert_false(seen[s]);
      seen[s] = 1;
    }
    free(seen);
  }
}

/* Over many epochs each sample comes about as often in each tenth of the epoch. */
static void mixes(void **state) {
  (void)state;
  enum { COUNT = 50, PLACES = 10, EPOCHS = 4000 };
  static int seen[COUNT][PLACES];
  memset(seen, 0, sizeof seen);
  for (int64_t epoch = 0; epoch < EPOCHS; ++epoch) {
    nnt_sample_order order = nnt_sample_order_of(COUNT, 5, epoch);
    for (int64_t p = 0; p < COUNT; ++p) ++seen[nnt_sample_order_at(&order, p)][p * PLACES / COUNT];
  }
  double expected = (double)EPOCHS / PLACES, chi2 = 0.0;
  for (int s = 0; s < COUNT; ++s) {
    for (int p = 0; p < PLACES; ++p)
      chi2 += (seen[s][p] - expected) * (seen[s][p] - expected) / expected;
  }
  /* About 450 degrees of freedom: mean 450, deviation 30. */
  assert_true(chi2 < 450 + 6 * 30);
}

/* Neighbours in the data set do not stay neighbours. */
static void separates_neighbours(void **state) {
  (void)state;
  enum { COUNT = 10000 };
  nnt_sample_order order = nnt_sample_order_of(COUNT, 1, 3);
  int together = 0;
  for (int64_t p = 1; p < COUNT; ++p)
    together += llabs(nnt_sample_order_at(&order, p) - nnt_sample_order_at(&order, p - 1)) == 1;
  assert_true(together < 15); /* 2 are expected */
}

static void depends_on_seed_and_epoch(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  nnt_sample_order a = nnt_sample_order_of(COUNT, 1, 0), b = nnt_sample_order_of(COUNT, 2, 0),
                   c = nnt_sample_order_of(COUNT, 1, 1);
  int same_seed = 0, same_epoch = 0;
  for (int64_t p = 0; p < COUNT; ++p) {
    same_seed += nnt_sample_order_at(&a, p) == nnt_sample_order_at(&b, p);
    same_epoch += nnt_sample_order_at(&a, p) == nnt_sample_order_at(&c, p);
  }
  assert_true(same_seed < 10 && same_epoch < 10); /* 1 is expected */
}

/* Checks one windowed order: every sample once, each window made of whole blocks of its own, and
 * positions, windows and places that agree. */
static void check_windowed(int64_t count, int64_t block, int64_t window, int64_t epoch) {
  nnt_shuffling shuffling = {NNT_SHUFFLE_WINDOWED, block, window};
  nnt_sample_order order = nnt_sample_order_make(&shuffling, count, 3, epoch);
  char *seen = calloc((size_t)count, 1);
  int64_t windows = nnt_sample_order_windows(&order);
  assert_non_null(seen);
  assert_int_equal(nnt_sample_order_window_begin(&order, 0), 0);
  assert_int_equal(nnt_sample_order_window_begin(&order, windows), count);
  for (int64_t w = 0; w < windows; ++w) {
    int64_t begin = nnt_sample_order_window_begin(&order, w);
    int64_t end = nnt_sample_order_window_begin(&order, w + 1);
    int64_t last = nnt_min_i64((w + 1) * order.window_blocks, order.blocks), held = 0;
    assert_true(begin < end);
    char *blocks = calloc((size_t)order.blocks, 1);
    assert_non_null(blocks);
    for (int64_t p = w * order.window_blocks; p < last; ++p) {
      int64_t b = nnt_sample_order_block_at(&order, p);
      assert_false(blocks[b]);
      blocks[b] = 1;
      held += nnt_min_i64(order.block, count - b * order.block);
    }
    assert_int_equal(held, end - begin);
    for (int64_t p = begin; p < end; ++p) {
      int64_t s = nnt_sample_order_at(&order, p);
      assert_int_equal(nnt_sample_order_window_at(&order, p), w);
      assert_in_range(s, 0, count - 1);
      assert_true(blocks[s / order.block]);
      assert_false(seen[s]);
      seen[s] = 1;
    }
    free(blocks);
  }
  free(seen);
}

static void windowed_is_one_to_one(void **state) {
  (void)state;
  for (int64_t count = 1; count <= 40; ++count) {
    for (int64_t block = 1; block <= 9; ++block) {
      for (int64_t window = 1; window <= 45; window += 4) {
        for (int64_t epoch = 0; epoch < 3; ++epoch) check_windowed(count, block, window, epoch);
      }
    }
  }
  check_windowed(60000, 5, 5000, 7);
  check_windowed(60001, 128, 4096, 0);
}

/* Windows that begin again each epoch with other blocks, and samples in another order in each. */
static void windows_differ(void **state) {
  (void)state;
  enum { COUNT = 4096, BLOCK = 8, WINDOW = 512 };
  nnt_shuffling shuffling = {NNT_SHUFFLE_WINDOWED, BLOCK, WINDOW};
  nnt_sample_order a = nnt_sample_order_make(&shuffling, COUNT, 1, 0);
  nnt_sample_order b = nnt_sample_order_make(&shuffling, COUNT, 1, 1);
  int same_place = 0, same_epoch = 0, together = 0;
  for (int64_t p = 0; p < COUNT; ++p) {
    same_epoch += nnt_sample_order_at(&a, p) == nnt_sample_order_at(&b, p);
    /* The place inside its window of a window's p-th sample, against the window before. */
    if (p >= WINDOW)
      same_place +=
          nnt_sample_order_at(&a, p) % BLOCK == nnt_sample_order_at(&a, p - WINDOW) % BLOCK;
    if (p > 0) together += llabs(nnt_sample_order_at(&a, p) - nnt_sample_order_at(&a, p - 1)) == 1;
  }
  assert_true(same_epoch < 8);
  assert_in_range(same_place, (COUNT - WINDOW) / BLOCK * 8 / 10,
                  (COUNT - WINDOW) / BLOCK * 12 / 10);
  /* A neighbour of a sample is in its window nearly always: 2 of 512, for 4096 samples. */
  assert_in_range(together, 4, 34);
}

static void none_is_as_stored(void **state) {
  (void)state;
  nnt_shuffling shuffling = {NNT_SHUFFLE_NONE, 4, 8};
  nnt_sample_order order = nnt_sample_order_make(&shuffling, 21, 1, 0);
  for (int64_t p = 0; p < 21; ++p) assert_int_equal(nnt_sample_order_at(&order, p), p);
  assert_int_equal(nnt_sample_order_windows(&order), 3);
  assert_int_equal(nnt_sample_order_window_begin(&order, 2), 16);
  assert_int_equal(nnt_sample_order_block_at(&order, 5), 5);
}

/* Samples sorted by class: the mean square deviation of a class's share of a batch, over that of a
 * full shuffle. Expected is 1 + batch / blocks of a window (src/README.md). */
static double imbalance(const nnt_shuffling *shuffling) {
  enum { COUNT = 20000, CLASSES = 10, BATCH = 100, EPOCHS = 20 };
  double sum = 0.0;
  for (int64_t epoch = 0; epoch < EPOCHS; ++epoch) {
    nnt_sample_order order = nnt_sample_order_make(shuffling, COUNT, 1, epoch);
    for (int64_t first = 0; first < COUNT; first += BATCH) {
      int seen[CLASSES] = {0};
      for (int64_t p = first; p < first + BATCH; ++p)
        ++seen[nnt_sample_order_at(&order, p) * CLASSES / COUNT];
      for (int c = 0; c < CLASSES; ++c)
        sum += (seen[c] - BATCH / CLASSES) * (seen[c] - BATCH / CLASSES);
    }
  }
  return sum / (EPOCHS * (COUNT / BATCH)) / (BATCH * (1.0 - 1.0 / CLASSES));
}

static void mixes_as_stated(void **state) {
  (void)state;
  const nnt_shuffling full = {.kind = NNT_SHUFFLE_FULL};
  assert_true(fabs(imbalance(&full) - 1.0) < 0.05);
  /* 40, 100 and 1000 blocks a window, of at least 10 times as many. */
  const nnt_shuffling few = {NNT_SHUFFLE_WINDOWED, 20, 800};
  const nnt_shuffling some = {NNT_SHUFFLE_WINDOWED, 10, 1000};
  const nnt_shuffling many = {NNT_SHUFFLE_WINDOWED, 2, 2000};
  assert_true(fabs(imbalance(&few) / 3.5 - 1.0) < 0.15);
  assert_true(fabs(imbalance(&some) / 2.0 - 1.0) < 0.15);
  assert_true(fabs(imbalance(&many) / 1.1 - 1.0) < 0.10);
}

static void has_names(void **state) {
  (void)state;
  nnt_shuffle value;
  nnt_error error;
  for (int i = 0; i < NNT_SHUFFLE_COUNT; ++i) {
    assert_int_equal(nnt_shuffle_parse(nnt_shuffle_name((nnt_shuffle)i), &value, &error), NNT_OK);
    assert_int_equal(value, i);
  }
  assert_null(nnt_shuffle_name(NNT_SHUFFLE_COUNT));
  assert_int_equal(nnt_shuffle_parse("fully", &value, &error), NNT_BAD_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(is_one_to_one),
                                     cmocka_unit_test(mixes),
                                     cmocka_unit_test(separates_neighbours),
                                     cmocka_unit_test(depends_on_seed_and_epoch),
                                     cmocka_unit_test(windowed_is_one_to_one),
                                     cmocka_unit_test(windows_differ),
                                     cmocka_unit_test(none_is_as_stored),
                                     cmocka_unit_test(mixes_as_stated),
                                     cmocka_unit_test(has_names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
