/* The order of the samples: one-to-one for every count, mixed, and another one each epoch. */
#include "data/sample_order.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(is_one_to_one), cmocka_unit_test(mixes),
                                     cmocka_unit_test(separates_neighbours),
                                     cmocka_unit_test(depends_on_seed_and_epoch)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
