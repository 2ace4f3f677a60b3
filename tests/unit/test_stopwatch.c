/* How the time of an epoch is spent: extrapolated from a sample of its steps. */
#include "train/stopwatch.h"

#include "unit.h"

/* Runs steps that take `seconds` in all, in equal parts; how many of them were measured. */
static int run_steps(nnt_stopwatch *watch, int count, double seconds) {
  int measured = 0;
  for (int i = 0; i < count; ++i) {
    nnt_step_times *times = nnt_stopwatch_lap(watch);
    if (times != NULL) {
      *times = (nnt_step_times){seconds / 5, seconds / 5, seconds / 5, seconds / 5, seconds / 5};
      ++measured;
    }
    nnt_stopwatch_record(watch);
  }
  return measured;
}

static void few_steps_are_all_measured(void **state) {
  nnt_stopwatch watch;
  (void)state;
  nnt_stopwatch_start(&watch, 40, 0.0);
  assert_int_equal(run_steps(&watch, 40, 1e-5), 40);
  nnt_epoch_times times = nnt_stopwatch_read(&watch, 1.0, 0.0);
  assert_true(fabs(times.forward - 8e-5) < 1e-12);
  assert_true(fabs(times.update - 8e-5) < 1e-12);
}

static void some_of_many_stand_for_all(void **state) {
  nnt_stopwatch watch;
  (void)state;
  nnt_stopwatch_start(&watch, 1600, 0.0);
  assert_int_equal(run_steps(&watch, 1600, 1e-5), 100);
  nnt_epoch_times times = nnt_stopwatch_read(&watch, 1.0, 0.0);
  assert_true(fabs(times.backward - 1600 * 2e-6) < 1e-9);
}

static void long_steps_are_all_measured(void **state) {
  nnt_stopwatch watch;
  (void)state;
  nnt_stopwatch_start(&watch, 1600, 0.0);
  assert_int_equal(run_steps(&watch, 100, 1e-2), 100);
  assert_int_equal(run_steps(&watch, 1500, 1e-5), 1 + 93);
}

/* In an epoch that another process began, the last steps are extrapolated. */
static void rest_of_an_epoch(void **state) {
  nnt_stopwatch watch;
  (void)state;
  nnt_stopwatch_start(&watch, 1600, 10.0);
  (void)run_steps(&watch, 160, 1e-5);
  nnt_epoch_times times = nnt_stopwatch_read(&watch, 1.0, 10.01);
  assert_true(fabs(times.reading - 0.1) < 1e-9);
  assert_true(fabs(times.gather - 1600 * 2e-6) < 1e-9);
}

/* The parts are never more than the whole. */
static void sum_is_bounded(void **state) {
  nnt_stopwatch watch;
  (void)state;
  nnt_stopwatch_start(&watch, 1600, 0.0);
  (void)run_steps(&watch, 1600, 1e-3);
  nnt_epoch_times times = nnt_stopwatch_read(&watch, 1.0, 0.5);
  double sum = times.gather + times.forward + times.backward + times.exchange + times.update;
  assert_true(fabs(times.reading - 0.5) < 1e-9);
  assert_true(fabs(sum - 0.5) < 1e-9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(few_steps_are_all_measured), cmocka_unit_test(some_of_many_stand_for_all),
      cmocka_unit_test(long_steps_are_all_measured), cmocka_unit_test(rest_of_an_epoch),
      cmocka_unit_test(sum_is_bounded)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
