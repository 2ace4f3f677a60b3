/* Schedules, early stopping and random masks against their definitions. */
#include "kernels/dispatch.h"
#include "net/schedule.h"
#include "unit.h"

static nnt_schedule make(nnt_schedule_kind kind, nnt_span warmup) {
  nnt_schedule_settings settings;
  nnt_schedule_settings_default(&settings);
  settings.kind = kind;
  settings.warmup = warmup;
  settings.end = 0.01;
  return nnt_schedule_make(&settings, 0.5, 64, 10, 8); /* 80 updates */
}

static void expect(double got, double expected) {
  assert_true(fabs(got - expected) <= 1e-12);
}

static void ends_of_schedules(void **state) {
  (void)state;
  const nnt_span none = {0, false}, rise = {2, true};
  nnt_schedule cosine = make(NNT_SCHEDULE_COSINE, rise);
  expect(nnt_schedule_at(&cosine, 0), 0.5 / 20);
  expect(nnt_schedule_at(&cosine, 19), 0.5);
  expect(nnt_schedule_at(&cosine, 20), 0.5);
  expect(nnt_schedule_at(&cosine, 50), 0.255);
  expect(nnt_schedule_at(&cosine, 80), 0.01);
  expect(nnt_schedule_at(&cosine, 1000), 0.01);
  nnt_schedule cycle = make(NNT_SCHEDULE_ONE_CYCLE, none);
  expect(nnt_schedule_at(&cycle, 0), 0.02);
  expect(nnt_schedule_at(&cycle, 23), 0.5);
  expect(nnt_schedule_at(&cycle, 79), 0.02 / 1e4);
  expect(nnt_schedule_at(&cycle, 500), 0.02 / 1e4);
  nnt_schedule line = make(NNT_SCHEDULE_POLYNOMIAL, none);
  expect(nnt_schedule_at(&line, 40), 0.255);
  for (int kind = 0; kind < NNT_SCHEDULE_COUNT; ++kind) { /* an epoch of one update */
    nnt_schedule_settings settings;
    nnt_schedule_settings_default(&settings);
    settings.kind = (nnt_schedule_kind)kind;
    settings.every = (nnt_span){1, false};
    nnt_schedule tiny = nnt_schedule_make(&settings, 0.5, 1, 1, 1);
    for (int i = 0; i < 5; ++i) {
      double rate = nnt_schedule_at(&tiny, i);
      assert_true(isfinite(rate) && rate >= 0.0 && rate <= 0.5);
    }
  }
}

static void scales_linearly(void **state) {
  (void)state;
  nnt_schedule_settings settings;
  nnt_schedule_settings_default(&settings);
  settings.base_batch = 256;
  nnt_schedule schedule = nnt_schedule_make(&settings, 0.1, 8192, 10, 1);
  expect(nnt_schedule_at(&schedule, 3), 3.2);
}

static void plateau_falls(void **state) {
  (void)state;
  const nnt_span none = {0, false};
  const double losses[] = {1.0, 0.9, 0.95, 0.91, 0.89999, 0.8, 0.85, 0.85, 0.85, 0.85, 0.85};
  nnt_schedule schedule = make(NNT_SCHEDULE_PLATEAU, none);
  schedule.settings.patience = 2;
  /* the fall to 0.89999 is less than the threshold: the third epoch without a better loss */
  const double rates[] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.05, 0.01, 0.01, 0.01};
  for (int64_t epochs = 0; epochs <= 11; ++epochs) {
    nnt_schedule_note(&schedule, losses, epochs);
    expect(nnt_schedule_at(&schedule, epochs * 10), rates[epochs]);
  }
}

static void stops_early(void **state) {
  (void)state;
  const double losses[] = {1.0, 0.5, 0.49, 0.48, 0.3, 0.3, 0.3};
  assert_false(nnt_early_stop(losses, 7, 0, 0.0));
  assert_false(nnt_early_stop(losses, 6, 2, 0.0));
  assert_true(nnt_early_stop(losses, 7, 2, 0.0));
  assert_false(nnt_early_stop(losses, 3, 2, 0.1));
  assert_true(nnt_early_stop(losses, 4, 2, 0.1));
  assert_true(nnt_early_stop(losses, 7, 2, 0.1)); /* once over, it stays over */
  assert_false(nnt_early_stop(losses, 0, 1, 0.0));
}

/* 16 bits of element (position, unit), by base/rng.h. */
static uint32_t bits_of(const nnt_dropout *dropout, int64_t position, int64_t unit) {
  int64_t in_panel = unit % 32, half = in_panel / 16, word = in_panel % 4 / 2;
  uint64_t index = ((((uint64_t)dropout->layer << 31) + (uint64_t)position) << 21) +
                   (uint64_t)(unit / 32 * 4 + in_panel % 16 / 4);
  nnt_rng_block block = nnt_rng_words(dropout->seed, NNT_RNG_DROPOUT, dropout->update, index);
  return block.word[2 * half + word] >> (unit % 2 * 16) & 0xFFFF;
}

static void masks_are_philox(void **state) {
  (void)state;
  enum { ROWS = 301 };
  const nnt_dropout dropout = {UINT64_C(0x123456789ABCDEF0), 3, 77, 16384.0F, 4.0F / 3.0F};
  float *values = test_floats(ROWS * NNT_PANEL), *factors = test_floats(ROWS * NNT_PANEL);
  for (int k = 0; nnt_kernels_all()[k] != NULL; ++k) {
    if (!nnt_kernels_supported(nnt_kernels_all()[k])) continue;
    int64_t dropped = 0;
    for (int i = 0; i < ROWS * NNT_PANEL; ++i) {
      values[i] = 3.0F;
      factors[i] = -1.5F;
    }
    nnt_kernels_all()[k]->noise->dropout(&dropout, INT32_MAX - 500, 70000, ROWS, values, factors);
    for (int64_t i = 0; i < (int64_t)ROWS * NNT_PANEL; ++i) {
      bool drop = bits_of(&dropout, INT32_MAX - 500 + i / 32, (int64_t)70000 * 32 + i % 32) < 16384;
      dropped += drop;
      assert_true(values[i] == (drop ? 0.0F : 3.0F * (4.0F / 3.0F)));
      assert_true(factors[i] == (drop ? 0.0F : -1.5F * (4.0F / 3.0F)));
    }
    double share = (double)dropped / (ROWS * NNT_PANEL);
    assert_true(fabs(share - 0.25) < 0.02);
  }
  free(values);
  free(factors);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(ends_of_schedules),
                                     cmocka_unit_test(scales_linearly),
                                     cmocka_unit_test(plateau_falls), cmocka_unit_test(stops_early),
                                     cmocka_unit_test(masks_are_philox)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
