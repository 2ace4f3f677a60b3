/* Mixing samples in pairs: the shares' distribution, and what becomes of targets and weights. */
#include "net/mixup.h"

#include "data/loader.h"
#include "unit.h"

static void shares_are_beta(void **state) {
  static const double alphas[] = {0.01, 0.2, 1.0, 5.0};
  enum { DRAWS = 20000 };
  (void)state;
  for (size_t a = 0; a < sizeof alphas / sizeof alphas[0]; ++a) {
    double sum = 0.0, squares = 0.0, variance = 0.25 / (2.0 * alphas[a] + 1.0);
    for (int64_t update = 0; update < DRAWS; ++update) {
      double share = (double)nnt_mixup_share(alphas[a], 7, update);
      assert_true(share >= 0.0 && share <= 1.0);
      sum += share;
      squares += (share - 0.5) * (share - 0.5);
    }
    assert_true(fabs(sum / DRAWS - 0.5) < 4.0 * sqrt(variance / DRAWS));
    assert_true(fabs(squares / DRAWS - variance) < 0.05 * variance);
  }
}

static void shares_depend_on_seed_and_update(void **state) {
  (void)state;
  float share = nnt_mixup_share(0.5, 1, 2);
  assert_true(share == nnt_mixup_share(0.5, 1, 2));
  assert_true(share != nnt_mixup_share(0.5, 2, 2));
  assert_true(share != nnt_mixup_share(0.5, 1, 3));
}

static void partners_are_mutual(void **state) {
  (void)state;
  for (int64_t batch = 1; batch < 8; ++batch) {
    for (int64_t p = 0; p < batch; ++p) {
      int64_t partner = nnt_mixup_partner(batch, p);
      assert_true(partner >= 0 && partner < batch);
      assert_int_equal(nnt_mixup_partner(batch, partner), p);
    }
  }
}

static void rows_of_every_type(void **state) {
  static const uint8_t u8[] = {0, 100, 255}, other_u8[] = {255, 50, 0};
  static const int16_t i16[] = {-300, 7}, other_i16[] = {300, 9};
  float out[3];
  (void)state;
  nnt_mixup_rows(NNT_U8, u8, other_u8, 3, 0.25F, out);
  assert_true(out[0] == 191.25F && out[1] == 62.5F && out[2] == 63.75F);
  nnt_mixup_rows(NNT_I16, i16, other_i16, 2, 0.75F, out);
  assert_true(out[0] == -150.0F && out[1] == 7.5F);
}

/* loss = share w own + (1 - share) w' partner, by the weight of the row and the share of its own
 * class; of targets the mixture counts. */
static void classes_keep_their_weights(void **state) {
  static const float x[4] = {0}, weights[] = {3.0F, 1.0F, 0.0F, 0.0F};
  static const int32_t classes[] = {0, 1, 2, 0};
  static const int64_t own[] = {0, 1, 2}, partners[] = {1, 0, 3};
  const void *rows[3], *partner_rows[3];
  int32_t found[3], partner_classes[3];
  float row_weights[3], shares[3];
  _Alignas(64) float targets[3 * NNT_PANEL] = {0};
  (void)state;
  const nnt_samples samples = {.count = 4,
                               .features = 1,
                               .element = NNT_F32,
                               .x = x,
                               .classes = classes,
                               .weights = weights};
  const nnt_batch batch = {.rows = rows,
                           .targets = {targets, 3, 3, 3 * NNT_PANEL},
                           .classes = found,
                           .weights = row_weights,
                           .partner_rows = partner_rows,
                           .partner_classes = partner_classes,
                           .shares = shares};
  nnt_loader_find(&samples, own, 3, &batch);
  nnt_loader_mix(&samples, partners, 3, 0.75F, &batch);
  assert_true(row_weights[0] == 2.5F && row_weights[1] == 1.5F && row_weights[2] == 0.0F);
  assert_true(shares[0] == 2.25F / 2.5F && shares[1] == 0.75F / 1.5F && shares[2] == 0.75F);
  assert_true(partner_rows[0] == &x[1] && partner_classes[0] == 1 && partner_classes[2] == 0);
  assert_true(targets[0] == 0.75F && targets[1] == 0.25F && targets[NNT_PANEL + 1] == 0.75F);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shares_are_beta), cmocka_unit_test(shares_depend_on_seed_and_update),
      cmocka_unit_test(partners_are_mutual), cmocka_unit_test(rows_of_every_type),
      cmocka_unit_test(classes_keep_their_weights)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
