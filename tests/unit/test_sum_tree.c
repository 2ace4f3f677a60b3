/* Fixed-order tree reduction: every cut of the leaves gives the same bits. */
#include "base/sum_tree.h"

#include "unit.h"

static nnt_error error;

/* Runs a plan over values; the outputs go to `out`. */
static void run(const nnt_sum_tree *plan, const float *values, float *out) {
  float stack[NNT_SUM_PLACES];
  for (int64_t i = 0; i < plan->items; ++i) {
    const nnt_sum_step *step = &plan->steps[i];
    float value = values[i];
    for (int m = step->merges; m > 0; --m) value += stack[step->place + m - 1];
    stack[step->place] = value;
    if (step->output >= 0) out[step->output] = value;
  }
}

/* The definition: the left half, a power of two of leaves, plus the right one. */
static float tree(const float *leaves, int64_t count) {
  int64_t half = 1;
  if (count == 1) return leaves[0];
  while (2 * half < count) half *= 2;
  return tree(leaves, half) + tree(leaves + half, count - half);
}

static float leaf(int64_t i) {
  return ldexpf(test_number(1, i), (int)(i % 20));
}

static void equals_the_definition(void **state) {
  (void)state;
  float leaves[200], sum = 0.0F;
  for (int i = 0; i < 200; ++i) leaves[i] = leaf(i);
  for (int64_t count = 1; count <= 200; ++count) {
    nnt_sum_tree plan;
    assert_int_equal(nnt_sum_tree_create(count, NULL, 0, count, &plan, &error), NNT_OK);
    assert_int_equal(plan.outputs, 1);
    run(&plan, leaves, &sum);
    assert_true(sum == tree(leaves, count));
    nnt_sum_tree_clear(&plan);
  }
}

/* Three contiguous parts, their outputs summed on. */
static void cut_in_parts(int64_t count, const int64_t *begin) {
  float leaves[64], values[3 * NNT_SUM_PLACES], sum = 0.0F;
  nnt_sum_node nodes[3 * NNT_SUM_PLACES];
  int64_t used = 0;
  nnt_sum_tree plan;
  for (int i = 0; i < 64; ++i) leaves[i] = leaf(i);
  for (int part = 0; part < 3; ++part) {
    assert_int_equal(
        nnt_sum_tree_create(count, NULL, begin[part], begin[part + 1] - begin[part], &plan, &error),
        NNT_OK);
    run(&plan, leaves + begin[part], values + used);
    for (int i = 0; i < plan.outputs; ++i) nodes[used++] = plan.nodes[i];
    nnt_sum_tree_clear(&plan);
  }
  assert_int_equal(nnt_sum_tree_create(count, nodes, 0, used, &plan, &error), NNT_OK);
  assert_int_equal(plan.outputs, 1);
  run(&plan, values, &sum);
  assert_true(sum == tree(leaves, count));
  nnt_sum_tree_clear(&plan);
}

static void parts_add_up(void **state) {
  (void)state;
  for (int64_t count = 1; count <= 40; ++count) {
    for (int64_t a = 0; a <= count; ++a) {
      for (int64_t b = a; b <= count; ++b) {
        const int64_t begin[] = {0, a, b, count};
        cut_in_parts(count, begin);
      }
    }
  }
}

/* Aligned parts of a power of two have one sum each. */
static void aligned_parts_have_one_sum(void **state) {
  (void)state;
  for (int64_t parts = 1; parts <= 32; parts *= 2) {
    for (int64_t part = 0; part < parts; ++part) {
      nnt_sum_tree plan;
      int64_t count = 32 / parts;
      assert_int_equal(nnt_sum_tree_create(32, NULL, part * count, count, &plan, &error), NNT_OK);
      assert_int_equal(plan.outputs, 1);
      assert_int_equal(plan.nodes[0].index, part);
      nnt_sum_tree_clear(&plan);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(equals_the_definition),
                                     cmocka_unit_test(parts_add_up),
                                     cmocka_unit_test(aligned_parts_have_one_sum)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
