/* Philox against the published known answers, and its distributions. */
#include "unit.h"

static void gives_known_answers(void **state) {
  (void)state;
  /* Random123 1.09, kat_vectors, philox4x32 10. */
  static const struct {
    uint32_t counter[4], key[2], expected[4];
  } known[] = {{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
               {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                {0xffffffff, 0xffffffff},
                {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
               {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                {0xa4093822, 0x299f31d0},
                {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i) {
    nnt_rng_block block = nnt_philox(known[i].counter, known[i].key);
    assert_memory_equal(block.word, known[i].expected, sizeof block.word);
  }
}

static void has_the_moments(void **state) {
  (void)state;
  enum { COUNT = 200000 };
  double uniform = 0, normal = 0, square = 0, fourth = 0;
  for (uint64_t i = 0; i < COUNT; ++i) {
    double u = (double)nnt_rng_uniform(3, NNT_RNG_INITIAL_WEIGHTS, 1, i);
    double z = (double)nnt_rng_normal(3, NNT_RNG_INITIAL_WEIGHTS, 2, i);
    assert_true(u >= 0.0 && u < 1.0 && isfinite(z));
    uniform += u;
    normal += z;
    square += z * z;
    fourth += z * z * z * z;
  }
  /* Five standard errors. */
  assert_true(fabs(uniform / COUNT - 0.5) < 5 * 0.2887 / sqrt(COUNT));
  assert_true(fabs(normal / COUNT) < 5 / sqrt(COUNT));
  assert_true(fabs(square / COUNT - 1.0) < 5 * sqrt(2.0 / COUNT));
  assert_true(fabs(fourth / COUNT - 3.0) < 5 * sqrt(96.0 / COUNT));
}

static void separates_streams(void **state) {
  (void)state;
  float base = nnt_rng_uniform(1, NNT_RNG_INITIAL_WEIGHTS, 0, 0);
  assert_true(base != nnt_rng_uniform(2, NNT_RNG_INITIAL_WEIGHTS, 0, 0));
  assert_true(base != nnt_rng_uniform(1, NNT_RNG_SAMPLE_ORDER, 0, 0));
  assert_true(base != nnt_rng_uniform(1, NNT_RNG_INITIAL_WEIGHTS, 1, 0));
  assert_true(base != nnt_rng_uniform(1, NNT_RNG_INITIAL_WEIGHTS, 0, UINT64_C(1) << 32));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gives_known_answers),
                                     cmocka_unit_test(has_the_moments),
                                     cmocka_unit_test(separates_streams)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
