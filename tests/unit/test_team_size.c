/* How many threads a step gets. */
#include "layers/team_size.h"

#include "unit.h"

enum { TRIAL = 32, ROUND = 2 * TRIAL + 4000 };

static void gives_safe_numbers_for_large_steps(void **state) {
  (void)state;
  nnt_team_size team = {0};
  assert_int_equal(nnt_team_size_safe(1e9, 4), 4);
  assert_int_equal(nnt_team_size_safe(8.1e6, 4), 2);
  assert_int_equal(nnt_team_size_safe(1e3, 4), 1);
  for (int i = 0; i < ROUND; ++i) {
    assert_int_equal(nnt_team_size_next(&team, 1e9, 4), 4);
    nnt_team_size_note(&team, 1.0);
  }
}

/* Runs a round in which `many` threads take `seconds[1]` a step, one thread `seconds[0]`. */
static void run_round(nnt_team_size *team, double flops, int many, const double seconds[2]) {
  int better = seconds[1] < seconds[0] ? many : 1;
  for (int i = 0; i < ROUND; ++i) {
    int threads = nnt_team_size_next(team, flops, 4);
    assert_int_equal(threads, i < TRIAL ? 1 : i < 2 * TRIAL ? many : better);
    /* The cost of waking threads up does not count against many threads. */
    nnt_team_size_note(team, i == TRIAL ? 1.0 : seconds[threads > 1]);
  }
}

static void tries_both_and_again(void **state) {
  (void)state;
  const double pays[2] = {20e-6, 15e-6}, does_not[2] = {20e-6, 30e-6};
  nnt_team_size team = {0};
  run_round(&team, 5e6, 4, pays);
  run_round(&team, 5e6, 4, does_not);
  run_round(&team, 1.3e6, 2, pays);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gives_safe_numbers_for_large_steps),
                                     cmocka_unit_test(tries_both_and_again)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
