/* Parts of a data set: which rows belong to which, and finding them. */
#include "data/index_set.h"

#include <math.h>

#include "unit.h"

#define ROWS 10007

static nnt_status read_classes(void *context, int64_t first, int64_t count, int32_t *out,
                               nnt_error *error) {
  const int32_t *labels = context;
  (void)error;
  for (int64_t i = 0; i < count; ++i) out[i] = labels[first + i];
  return NNT_OK;
}

static nnt_index_set *make(nnt_selection selection, int64_t rows, int32_t *labels) {
  nnt_error error;
  nnt_index_set *set = NULL;
  assert_int_equal(
      nnt_index_set_create(&selection, rows, "data.h5", read_classes, labels, &set, &error),
      NNT_OK);
  return set;
}

static void position_and_row_agree(const nnt_index_set *set, int64_t rows) {
  int64_t position = 0;
  for (int64_t i = 0; i < rows; ++i) {
    if (nnt_index_set_has(set, i)) assert_int_equal(nnt_index_set_row(set, position++), i);
  }
  assert_int_equal(position, nnt_index_set_count(set));
}

static void a_split_has_two_parts(void **state) {
  (void)state;
  static const int64_t sizes[] = {40, 63, 64, 65, 512, 513, ROWS};
  for (int s = 0; s < 7; ++s) {
    nnt_selection train = {.split = 0.7, .part = NNT_PART_TRAIN}, other = train;
    other.part = NNT_PART_VALIDATION;
    nnt_index_set *a = make(train, sizes[s], NULL), *b = make(other, sizes[s], NULL);
    for (int64_t i = 0; i < sizes[s]; ++i)
      assert_true(nnt_index_set_has(a, i) != nnt_index_set_has(b, i));
    position_and_row_agree(a, sizes[s]);
    position_and_row_agree(b, sizes[s]);
    /* Four deviations of a binomial. */
    double expected = 0.7 * (double)sizes[s], deviation = sqrt(0.21 * (double)sizes[s]);
    assert_true(fabs((double)nnt_index_set_count(a) - expected) < 4.0 * deviation);
    nnt_index_set_destroy(&a);
    nnt_index_set_destroy(&b);
  }
}

/* Which part a row is in does not depend on the rows behind it. */
static void a_split_stays_when_rows_are_added(void **state) {
  (void)state;
  nnt_selection train = {.split = 0.5, .part = NNT_PART_TRAIN};
  nnt_index_set *few = make(train, 100, NULL), *many = make(train, ROWS, NULL);
  for (int64_t i = 0; i < 100; ++i)
    assert_true(nnt_index_set_has(few, i) == nnt_index_set_has(many, i));
  /* The same in every version. */
  static const bool known[16] = {true,  true, true, true, true,  true,  true, false,
                                 false, true, true, true, false, false, true, false};
  for (int64_t i = 0; i < 16; ++i) assert_true(nnt_index_set_has(few, i) == known[i]);
  nnt_index_set_destroy(&few);
  nnt_index_set_destroy(&many);
}

static void every_row_is_in_one_fold(void **state) {
  int32_t labels[ROWS];
  (void)state;
  for (int i = 0; i < ROWS; ++i) labels[i] = i % 3 == 0 ? 2 : i % 2;
  for (int stratify = 0; stratify < 2; ++stratify) {
    int times[ROWS] = {0};
    for (int fold = 1; fold <= 5; ++fold) {
      nnt_selection of = {
          .folds = 5, .fold = fold, .stratify = stratify, .part = NNT_PART_VALIDATION};
      nnt_index_set *validation = make(of, ROWS, labels);
      of.part = NNT_PART_TRAIN;
      nnt_index_set *train = make(of, ROWS, labels);
      position_and_row_agree(validation, ROWS);
      for (int64_t i = 0; i < ROWS; ++i) {
        times[i] += nnt_index_set_has(validation, i);
        assert_true(nnt_index_set_has(validation, i) != nnt_index_set_has(train, i));
      }
      nnt_index_set_destroy(&validation);
      nnt_index_set_destroy(&train);
    }
    for (int i = 0; i < ROWS; ++i) assert_int_equal(times[i], 1);
  }
}

/* Samples of each class in a part. */
static void count_by_class(nnt_selection of, int32_t *labels, int64_t counts[3]) {
  nnt_index_set *set = make(of, ROWS, labels);
  counts[0] = counts[1] = counts[2] = 0;
  for (int64_t i = 0; i < ROWS; ++i) counts[labels[i]] += nnt_index_set_has(set, i);
  position_and_row_agree(set, ROWS);
  nnt_index_set_destroy(&set);
}

static void strata_have_their_shares(void **state) {
  int32_t labels[ROWS];
  int64_t all[3] = {0}, counts[3];
  (void)state;
  for (int i = 0; i < ROWS; ++i) ++all[labels[i] = i < 30 ? 2 : i >= 9000];
  nnt_selection of = {.split = 0.9, .stratify = true, .part = NNT_PART_TRAIN};
  count_by_class(of, labels, counts);
  for (int c = 0; c < 3; ++c) assert_true(fabs((double)counts[c] - 0.9 * (double)all[c]) <= 1.0);
  assert_int_equal(counts[0] + counts[1] + counts[2], llround(0.9 * ROWS));
  of = (nnt_selection){.folds = 7, .fold = 3, .stratify = true, .part = NNT_PART_VALIDATION};
  count_by_class(of, labels, counts);
  for (int c = 0; c < 3; ++c) assert_true(fabs((double)counts[c] - (double)all[c] / 7.0) <= 1.0);
  of = (nnt_selection){.limit = 1000, .stratify = true};
  count_by_class(of, labels, counts);
  for (int c = 0; c < 3; ++c)
    assert_true(fabs((double)counts[c] - 1000.0 * (double)all[c] / ROWS) <= 1.0);
  assert_int_equal(counts[0] + counts[1] + counts[2], 1000);
}

static void a_limit_takes_the_first(void **state) {
  (void)state;
  nnt_index_set *set = make((nnt_selection){.limit = 70}, ROWS, NULL);
  assert_int_equal(nnt_index_set_count(set), 70);
  assert_int_equal(nnt_index_set_row(set, 69), 69);
  nnt_index_set_destroy(&set);
  set = make((nnt_selection){.limit = 2 * ROWS}, ROWS, NULL);
  assert_int_equal(nnt_index_set_count(set), ROWS);
  nnt_index_set_destroy(&set);
}

static void refused(void **state) {
  (void)state;
  static const nnt_selection wrong[] = {{.limit = -1},
                                        {.split = 1.0},
                                        {.split = NAN},
                                        {.folds = 1, .fold = 1},
                                        {.folds = 3, .fold = 4},
                                        {.folds = 3, .fold = 1, .split = 0.5},
                                        {.part = NNT_PART_TRAIN},
                                        {.stratify = true},
                                        {.limit = 1, .split = 0.5, .part = NNT_PART_VALIDATION}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    nnt_error error;
    nnt_index_set *set = NULL;
    assert_int_equal(
        nnt_index_set_create(&wrong[i], 100, "data.h5", read_classes, NULL, &set, &error),
        NNT_BAD_USAGE);
    assert_null(set);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_split_has_two_parts),
                                     cmocka_unit_test(a_split_stays_when_rows_are_added),
                                     cmocka_unit_test(every_row_is_in_one_fold),
                                     cmocka_unit_test(strata_have_their_shares),
                                     cmocka_unit_test(a_limit_takes_the_first),
                                     cmocka_unit_test(refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
