/* Elementwise and row kernels against libm in double, with the bounds that vector_math.h states;
 * the same bits in every variant with FMA. */
#include "kernels/elementwise.h"

#include "kernels/dispatch.h"
#include "net/activation_table.h"
#include "unit.h"

#define COUNT 65536

static const nnt_kernels *kernels_at(int index) {
  int found = 0;
  for (int i = 0; nnt_kernels_all()[i] != NULL; ++i) {
    if (nnt_kernels_supported(nnt_kernels_all()[i]) && found++ == index)
      return nnt_kernels_all()[i];
  }
  return NULL;
}

static double normal_cdf(double x) {
  return 0.5 * erfc(-x / sqrt(2.0));
}

static double normal_density(double x) {
  return exp(-0.5 * x * x) / sqrt(2.0 * 3.14159265358979323846);
}

static double sigmoid(double x) {
  return 1.0 / (1.0 + exp(-x));
}

static double value(nnt_activation activation, double x) {
  switch (activation) {
    case NNT_SIGMOID:
      return sigmoid(x);
    case NNT_TANH:
      return tanh(x);
    case NNT_RELU:
      return x > 0.0 ? x : 0.0;
    case NNT_LEAKY_RELU:
      return x > 0.0 ? x : (double)0.01F * x;
    case NNT_GELU:
      return x * normal_cdf(x);
    case NNT_SILU:
      return x * sigmoid(x);
    case NNT_IDENTITY:
    case NNT_ACTIVATION_COUNT:
    default:
      return x;
  }
}

static double derivative(nnt_activation activation, double x) {
  double s = sigmoid(x), t = tanh(x);
  switch (activation) {
    case NNT_SIGMOID:
      return s * (1.0 - s);
    case NNT_TANH:
      return 1.0 - t * t;
    case NNT_RELU:
      return x > 0.0;
    case NNT_LEAKY_RELU:
      return x > 0.0 ? 1.0 : (double)0.01F;
    case NNT_GELU:
      return normal_cdf(x) + x * normal_density(x);
    case NNT_SILU:
      return s * (1.0 + x * (1.0 - s));
    case NNT_IDENTITY:
    case NNT_ACTIVATION_COUNT:
    default:
      return 1.0;
  }
}

/* From -20 to 20, with 0 and tiny values among them. */
static float input(int64_t i) {
  if (i % 1000 == 0) return 0.0F;
  if (i % 1000 == 1) return 1e-30F;
  if (i % 1000 == 2) return -1e-6F;
  return 20.0F * test_number(11, i) * (i % 3 == 0 ? 0.05F : 1.0F);
}

static void check_activation(const nnt_activation_kernels *e, nnt_activation activation) {
  float *z = test_floats(COUNT), *auxiliary = test_floats(COUNT), *gradient = test_floats(COUNT);
  for (int64_t i = 0; i < COUNT; ++i) {
    z[i] = input(i);
    gradient[i] = 0.5F;
  }
  e->activate[activation](z, auxiliary, COUNT);
  bool stored = nnt_activation_row_of(activation)->stores_derivative;
  e->derive[activation](gradient, stored ? auxiliary : z, COUNT);
  for (int64_t i = 0; i < COUNT; ++i) {
    double x = (double)input(i), y = value(activation, x);
    bool exact_near_0 = activation == NNT_SIGMOID || activation == NNT_TANH;
    double tolerance =
        exact_near_0 ? 4 * 1.2e-7 * fabs(y) + 1e-37 : 3e-7 * (fabs(y) + fabs(x)) + 1e-37;
    assert_true(fabs((double)z[i] - y) <= tolerance);
    assert_true(fabs((double)gradient[i] - 0.5 * derivative(activation, x)) <=
                4e-7 * (1.0 + fabs(x)));
  }
  free(z);
  free(auxiliary);
  free(gradient);
}

static void activations_are_right(void **state) {
  (void)state;
  for (int k = 0; kernels_at(k) != NULL; ++k) {
    for (int a = 0; a < NNT_ACTIVATION_COUNT; ++a)
      check_activation(kernels_at(k)->activation, (nnt_activation)a);
  }
}

/* A diverged network must be seen: no activation and no loss hides a NaN. */
static void nan_comes_through(void **state) {
  (void)state;
  for (int k = 0; kernels_at(k) != NULL; ++k) {
    for (int a = 0; a < NNT_ACTIVATION_COUNT; ++a) {
      float *z = test_floats(NNT_PANEL), *auxiliary = test_floats(NNT_PANEL);
      z[5] = NAN;
      kernels_at(k)->activation->activate[a](z, auxiliary, NNT_PANEL);
      assert_true(isnan(z[5]));
      assert_true(!isnan(z[4]));
      free(z);
      free(auxiliary);
    }
  }
}

static nnt_rows rows_of(int64_t count, int64_t columns, float spread) {
  nnt_rows rows = {.logits = test_matrix(count, columns, count, 1, 0.0F),
                   .target = test_matrix(count, columns, count, 2, 0.0F),
                   .gradient = test_matrix(count, columns, count, 3, 5.0F),
                   .loss = test_floats(count),
                   .scale = 0.25F,
                   .begin = 0,
                   .end = count};
  for (int64_t i = 0; i < nnt_panels_floats(count, columns); ++i) {
    rows.logits.data[i] *= spread;
    rows.target.data[i] = fabsf(rows.target.data[i]);
  }
  return rows;
}

static void free_rows(nnt_rows *rows) {
  free(rows->logits.data);
  free(rows->target.data);
  free(rows->gradient.data);
  free(rows->loss);
}

static void padding_is_zero(const nnt_panels *matrix) {
  for (int64_t r = 0; r < matrix->rows; ++r) {
    for (int64_t c = matrix->columns; c < nnt_panel_count(matrix->columns) * NNT_PANEL; ++c)
      assert_true(*nnt_panels_at(matrix, r, c) == 0.0F);
  }
}

static const int64_t widths[] = {1, 2, 10, 16, 17, 32, 33, 100};
static const float spreads[] = {0.1F, 3.0F, 50.0F, 1e4F};

static void softmax_is_right(void **state) {
  (void)state;
  for (int k = 0; kernels_at(k) != NULL; ++k) {
    for (size_t w = 0; w < 8; ++w) {
      for (size_t s = 0; s < 4; ++s) {
        nnt_rows rows = rows_of(7, widths[w], spreads[s]);
        kernels_at(k)->elementwise->softmax(&rows);
        for (int64_t r = 0; r < 7; ++r) {
          double most = -INFINITY, sum = 0.0;
          for (int64_t c = 0; c < widths[w]; ++c)
            most = fmax(most, (double)*nnt_panels_at(&rows.logits, r, c));
          for (int64_t c = 0; c < widths[w]; ++c)
            sum += exp((double)*nnt_panels_at(&rows.logits, r, c) - most);
          double lse = most + log(sum);
          assert_true(fabs((double)rows.loss[r] - lse) <= 4e-7 * (1.0 + fabs(lse)));
          for (int64_t c = 0; c < widths[w]; ++c) {
            double p = exp((double)*nnt_panels_at(&rows.logits, r, c) - lse);
            double got = (double)*nnt_panels_at(&rows.gradient, r, c);
            assert_true(fabs(got - 0.25 * p) <= 1e-6 * p + 1e-30);
          }
        }
        padding_is_zero(&rows.gradient);
        free_rows(&rows);
      }
    }
  }
}

static void binary_cross_entropy_is_right(void **state) {
  (void)state;
  for (int k = 0; kernels_at(k) != NULL; ++k) {
    for (size_t w = 0; w < 8; ++w) {
      nnt_rows rows = rows_of(5, widths[w], w % 2 == 0 ? 3.0F : 60.0F);
      kernels_at(k)->elementwise->binary_cross_entropy(&rows);
      for (int64_t r = 0; r < 5; ++r) {
        double loss = 0.0, n = (double)widths[w];
        for (int64_t c = 0; c < widths[w]; ++c) {
          double z = (double)*nnt_panels_at(&rows.logits, r, c);
          double t = (double)*nnt_panels_at(&rows.target, r, c);
          loss += (fmax(z, 0.0) - t * z + log1p(exp(-fabs(z)))) / n;
          double g = 0.25 / n * (sigmoid(z) - t);
          assert_true(fabs((double)*nnt_panels_at(&rows.gradient, r, c) - g) <= 3e-7 / n);
        }
        assert_true(fabs((double)rows.loss[r] - loss) <= 1e-6 * (1.0 + loss));
      }
      padding_is_zero(&rows.gradient);
      free_rows(&rows);
    }
  }
}

static void squared_error_is_right(void **state) {
  (void)state;
  for (int k = 0; kernels_at(k) != NULL; ++k) {
    for (size_t w = 0; w < 8; ++w) {
      nnt_rows rows = rows_of(5, widths[w], 2.0F);
      for (int64_t r = 0; r < 5 && widths[w] % NNT_PANEL != 0; ++r)
        *nnt_panels_at(&rows.logits, r, widths[w]) = 0.5F; /* sigmoid leaves this in padding */
      kernels_at(k)->elementwise->squared_error(&rows);
      for (int64_t r = 0; r < 5; ++r) {
        double loss = 0.0;
        for (int64_t c = 0; c < widths[w]; ++c) {
          double d = (double)*nnt_panels_at(&rows.logits, r, c) -
                     (double)*nnt_panels_at(&rows.target, r, c);
          loss += d * d;
          assert_true(fabs((double)*nnt_panels_at(&rows.gradient, r, c) - 0.25 * d) <= 1e-6);
        }
        assert_true(fabs((double)rows.loss[r] - loss) <= 1e-6 * (1.0 + loss));
      }
      padding_is_zero(&rows.gradient);
      free_rows(&rows);
    }
  }
}

/* Element (r, c) of a gathered block, for every type, first column and width. */
static void check_gather(const nnt_elementwise *e, nnt_element element, const void *const *rows,
                         float (*element_at)(const void *row, int64_t c), const float *shift,
                         const float *scale, float *out) {
  for (int64_t begin = 0; begin <= 64; begin += 32) {
    for (int64_t end = begin; end <= 100; end += 9) {
      nnt_gather call = {.rows = rows,
                         .count = 7,
                         .begin = begin,
                         .end = end,
                         .shift = shift,
                         .scale = scale,
                         .out = out,
                         .stride = 7 * NNT_PANEL};
      e->gather[element](&call);
      for (int64_t r = 0; r < 7; ++r) {
        for (int64_t c = begin; c < end; ++c)
          assert_true(out[(c - begin) / 32 * call.stride + r * 32 + (c - begin) % 32] ==
                      (element_at(rows[r], c) - shift[c]) * scale[c]);
      }
    }
  }
}

static float u8_at(const void *row, int64_t c) {
  return (float)((const uint8_t *)row)[c];
}

static float i16_at(const void *row, int64_t c) {
  return (float)((const int16_t *)row)[c];
}

static float f32_at(const void *row, int64_t c) {
  return ((const float *)row)[c];
}

static void gathers(void **state) {
  (void)state;
  enum { COUNT_OF_ROWS = 7 };
  uint8_t bytes[200];
  int16_t words[200];
  float floats[200], *shift = test_floats(128), *scale = test_floats(128),
                     *out = test_floats(4 * COUNT_OF_ROWS * NNT_PANEL);
  const void *of_bytes[COUNT_OF_ROWS], *of_words[COUNT_OF_ROWS], *of_floats[COUNT_OF_ROWS];
  for (int i = 0; i < 200; ++i) {
    bytes[i] = (uint8_t)(i * 37);
    words[i] = (int16_t)(i * 297 - 20000);
    floats[i] = test_number(1, i);
  }
  for (int i = 0; i < 128; ++i) {
    shift[i] = test_number(2, i);
    scale[i] = test_number(3, i);
  }
  for (int r = 0; r < COUNT_OF_ROWS; ++r) {
    int from = r * 31 % 97;
    of_bytes[r] = bytes + from;
    of_words[r] = words + from;
    of_floats[r] = floats + from;
  }
  for (int k = 0; kernels_at(k) != NULL; ++k) {
    const nnt_elementwise *e = kernels_at(k)->elementwise;
    check_gather(e, NNT_U8, of_bytes, u8_at, shift, scale, out);
    check_gather(e, NNT_I16, of_words, i16_at, shift, scale, out);
    check_gather(e, NNT_F32, of_floats, f32_at, shift, scale, out);
  }
  free(shift);
  free(scale);
  free(out);
}

static void adds(void **state) {
  (void)state;
  enum { N = 96 };
  float *x = test_floats(3 * N);
  for (int k = 0; kernels_at(k) != NULL; ++k) {
    for (int target = 0; target < 3; ++target) {
      for (int i = 0; i < 3 * N; ++i) x[i] = test_number(4, i);
      kernels_at(k)->elementwise->add(x, x + N, x + target * N, N);
      for (int i = 0; i < N; ++i)
        assert_true(x[target * N + i] == test_number(4, i) + test_number(4, i + N));
    }
  }
  free(x);
}

static void updates(void **state) {
  (void)state;
  enum { N = 64 };
  for (int k = 0; kernels_at(k) != NULL; ++k) {
    for (int variant = 0; variant < 3; ++variant) {
      nnt_update_step step = {.learning_rate = 0.1,
                              .momentum = variant == 0 ? 0.0 : 0.9,
                              .nesterov = variant == 2,
                              .weight_decay = 0.01};
      float *w = test_floats(N), *g = test_floats(N), *v = test_floats(N);
      for (int i = 0; i < N; ++i) {
        w[i] = test_number(1, i);
        g[i] = test_number(2, i);
        v[i] = test_number(3, i);
      }
      nnt_update_state state_of_w = {variant == 0 ? NULL : v, NULL};
      kernels_at(k)->update->apply[NNT_SGD](&step, g, state_of_w, w, N);
      for (int i = 0; i < N; ++i) {
        double old = (double)test_number(1, i);
        double gradient = (double)g[i] + 0.01 * old;
        double velocity = variant == 0 ? gradient : 0.9 * (double)test_number(3, i) + gradient;
        double direction = variant == 2 ? gradient + 0.9 * velocity : velocity;
        assert_true(fabs((double)w[i] - (old - 0.1 * direction)) < 3e-7);
        if (variant > 0) assert_true(fabs((double)v[i] - velocity) < 3e-7);
      }
      free(w);
      free(g);
      free(v);
    }
  }
}

/* The same bits in the first two variants: both have FMA where there are two. */
static void variants_agree(void **state) {
  (void)state;
  const nnt_kernels *one = kernels_at(0), *two = kernels_at(1);
  if (two == NULL || strcmp(two->isa, "baseline") == 0) skip();
  float *a = test_floats(COUNT), *b = test_floats(COUNT), *c = test_floats(COUNT),
        *d = test_floats(COUNT);
  for (int activation = 0; activation < NNT_ACTIVATION_COUNT; ++activation) {
    for (int64_t i = 0; i < COUNT; ++i) a[i] = b[i] = input(i);
    one->activation->activate[activation](a, c, COUNT);
    two->activation->activate[activation](b, d, COUNT);
    assert_memory_equal(a, b, COUNT * sizeof *a);
    assert_memory_equal(c, d, COUNT * sizeof *c);
  }
  nnt_rows x = rows_of(9, 45, 8.0F), y = rows_of(9, 45, 8.0F);
  one->elementwise->softmax(&x);
  two->elementwise->softmax(&y);
  assert_memory_equal(x.loss, y.loss, 9 * sizeof(float));
  assert_memory_equal(x.gradient.data, y.gradient.data, 9 * 64 * sizeof(float));
  one->elementwise->binary_cross_entropy(&x);
  two->elementwise->binary_cross_entropy(&y);
  assert_memory_equal(x.loss, y.loss, 9 * sizeof(float));
  const int64_t begin[] = {0, 4, 9};
  const nnt_sum_step steps[] = {{0, 0, -1}, {1, 0, 0}};
  const nnt_granules granules = {2, steps, begin};
  one->elementwise->sum_rows(x.logits.data, &granules, a, 0);
  two->elementwise->sum_rows(y.logits.data, &granules, b, 0);
  assert_memory_equal(a, b, NNT_PANEL * sizeof *a);
  free_rows(&x);
  free_rows(&y);
  free(a);
  free(b);
  free(c);
  free(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(activations_are_right),
                                     cmocka_unit_test(nan_comes_through),
                                     cmocka_unit_test(softmax_is_right),
                                     cmocka_unit_test(binary_cross_entropy_is_right),
                                     cmocka_unit_test(squared_error_is_right),
                                     cmocka_unit_test(gathers),
                                     cmocka_unit_test(adds),
                                     cmocka_unit_test(updates),
                                     cmocka_unit_test(variants_agree)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
