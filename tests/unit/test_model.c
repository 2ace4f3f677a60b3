/* Descriptions of networks, their layout in memory, names, initial weights. */
#include "layers/layer_kind.h"
#include "net/initialize.h"
#include "net/layout.h"
#include "net/model.h"
#include "unit.h"

static nnt_model model_of(int64_t inputs, int hidden_count, const int64_t *hidden, int64_t outputs,
                          nnt_activation activation) {
  nnt_model model = {.loss = NNT_CROSS_ENTROPY};
  nnt_error error;
  assert_int_equal(
      nnt_model_set_layers(&model, inputs, hidden_count, hidden, 1, &activation, outputs, &error),
      NNT_OK);
  return model;
}

static void names_round_trip(void **state) {
  (void)state;
  nnt_error error;
  for (int i = 0; i < NNT_ACTIVATION_COUNT; ++i) {
    nnt_activation value;
    assert_int_equal(nnt_activation_parse(nnt_activation_name((nnt_activation)i), &value, &error),
                     NNT_OK);
    assert_int_equal(value, i);
  }
  for (int i = 0; i < NNT_INITIALIZER_COUNT; ++i) {
    nnt_initializer value;
    assert_int_equal(
        nnt_initializer_parse(nnt_initializer_name((nnt_initializer)i), &value, &error), NNT_OK);
    assert_int_equal(value, i);
  }
  nnt_loss loss;
  assert_int_equal(nnt_loss_parse("hubris", &loss, &error), NNT_BAD_USAGE);
  assert_non_null(strstr(error.remedy, "cross-entropy"));
  assert_null(nnt_loss_name(NNT_LOSS_COUNT));
}

static void counts_parameters(void **state) {
  (void)state;
  const int64_t hidden[] = {512, 512};
  nnt_model model = model_of(784, 2, hidden, 10, NNT_RELU);
  char text[64], cut[8];
  nnt_model_shape_text(&model, text, sizeof text);
  nnt_model_shape_text(&model, cut, sizeof cut);
  assert_int_equal(nnt_model_parameters(&model), 669706);
  assert_string_equal(text, "784-512-512-10");
  assert_int_equal(strlen(cut), sizeof cut - 1);
  assert_int_equal(model.layers[2].activation, NNT_IDENTITY);
}

static void refuses_impossible_layers(void **state) {
  (void)state;
  nnt_model model = {0};
  nnt_error error;
  const nnt_activation relu[3] = {NNT_RELU, NNT_RELU, NNT_RELU};
  const int64_t zero[] = {5, 0}, good[] = {5, 5};
  assert_int_equal(nnt_model_set_layers(&model, 4, 2, zero, 1, relu, 3, &error), NNT_BAD_USAGE);
  assert_int_equal(nnt_model_set_layers(&model, 4, 2, good, 3, relu, 3, &error), NNT_BAD_USAGE);
  assert_int_equal(nnt_model_set_layers(&model, 4, NNT_MAX_LAYERS, good, 1, relu, 3, &error),
                   NNT_BAD_USAGE);
  assert_int_equal(nnt_model_set_layers(&model, 4, 2, good, 1, relu, 0, &error), NNT_BAD_USAGE);
}

static void layout_round_trips(void **state) {
  (void)state;
  const int64_t hidden[] = {33, 7};
  nnt_model model = model_of(45, 2, hidden, 3, NNT_TANH);
  nnt_layout layout = nnt_layout_of(&model);
  float *arena = test_floats(layout.floats), *copy = test_floats(layout.floats);
  nnt_initialize(&layout, NNT_INIT_FAN_IN, 5, arena);
  assert_int_equal(nnt_layout_bucket_begin(&layout, 3), layout.floats);
  for (int l = 0; l < 3; ++l) {
    nnt_panels w = nnt_tensor_panels(nnt_layout_tensor(&layout, l, "weight"), arena);
    float *out = test_floats(w.rows * w.columns);
    nnt_tensor_export(nnt_layout_tensor(&layout, l, "weight"), arena, out);
    for (int64_t o = 0; o < w.columns; ++o) {
      for (int64_t i = 0; i < w.rows; ++i)
        assert_true(out[o * w.rows + i] == *nnt_panels_at(&w, i, o));
    }
    nnt_tensor_import(nnt_layout_tensor(&layout, l, "weight"), out, copy);
    memcpy(copy + nnt_layout_tensor(&layout, l, "bias")->offset,
           arena + nnt_layout_tensor(&layout, l, "bias")->offset,
           (size_t)w.columns * sizeof(float));
    assert_int_equal(nnt_layout_bucket_begin(&layout, l),
                     nnt_layout_tensor(&layout, l, "weight")->offset);
    assert_int_equal(nnt_layout_tensor(&layout, l, "weight")->offset % 32, 0);
    free(out);
  }
  assert_memory_equal(arena, copy, (size_t)layout.floats * sizeof(float));
  free(arena);
  free(copy);
}

/* Pieces cover a layer's panels in order, and the arena without a gap. */
static void layout_is_cut(void **state) {
  (void)state;
  const int64_t hidden[] = {330, 70};
  nnt_model model = model_of(45, 2, hidden, 3, NNT_TANH);
  nnt_layout layout = nnt_layout_of(&model);
  nnt_layout_cut(&layout, 4000);
  assert_int_equal(nnt_layout_buckets(&layout), 4 + 3 + 1);
  for (int bucket = 0, last = -1; bucket < nnt_layout_buckets(&layout); ++bucket) {
    int64_t begin = 0, end = 0, layer = nnt_layout_layer_of(&layout, bucket);
    nnt_layout_bucket_panels(&layout, bucket, &begin, &end);
    assert_true(end > begin);
    assert_int_equal(layer == last, begin > 0);
    assert_int_equal(
        nnt_layout_bucket_begin(&layout, bucket),
        nnt_layout_layer_begin(&layout, (int)layer) + begin * model.layers[layer].inputs * 32);
    last = (int)layer;
  }
  assert_int_equal(nnt_layout_bucket_begin(&layout, 8), layout.floats);
  nnt_layout_cut(&layout, 1);
  assert_int_equal(nnt_layout_buckets(&layout), 11 + 3 + 1);
}

static void digest_sees_every_parameter(void **state) {
  (void)state;
  const int64_t hidden[] = {5};
  nnt_model model = model_of(6, 1, hidden, 2, NNT_TANH);
  nnt_layout layout = nnt_layout_of(&model);
  float *arena = test_floats(layout.floats);
  char before[65], after[65];
  nnt_error error;
  nnt_initialize(&layout, NNT_INIT_HE_NORMAL, 1, arena);
  assert_int_equal(nnt_layout_digest(&layout, arena, before, &error), NNT_OK);
  for (int l = 0; l < 2; ++l) {
    nnt_panels w = nnt_tensor_panels(nnt_layout_tensor(&layout, l, "weight"), arena);
    float *last = nnt_panels_at(&w, w.rows - 1, w.columns - 1);
    float kept = *last;
    *last += 1.0F;
    assert_int_equal(nnt_layout_digest(&layout, arena, after, &error), NNT_OK);
    assert_string_not_equal(before, after);
    *last = kept;
    arena[nnt_layout_tensor(&layout, l, "bias")->offset + w.columns - 1] += 1.0F;
    assert_int_equal(nnt_layout_digest(&layout, arena, after, &error), NNT_OK);
    assert_string_not_equal(before, after);
    arena[nnt_layout_tensor(&layout, l, "bias")->offset + w.columns - 1] -= 1.0F;
  }
  arena[layout.tail] = 9.0F; /* no parameter */
  assert_int_equal(nnt_layout_digest(&layout, arena, after, &error), NNT_OK);
  assert_string_equal(before, after);
  free(arena);
}

/* Standard deviation and largest magnitude of the first layer's weights. */
static void measure(nnt_initializer initializer, nnt_activation activation, double *deviation,
                    double *largest) {
  enum { INPUTS = 300, OUTPUTS = 200 };
  const int64_t hidden[] = {OUTPUTS};
  nnt_model model = model_of(INPUTS, 1, hidden, 3, activation);
  nnt_layout layout = nnt_layout_of(&model);
  float *arena = test_floats(layout.floats);
  double square = 0.0;
  nnt_initialize(&layout, initializer, 2, arena);
  nnt_panels w = nnt_tensor_panels(nnt_layout_tensor(&layout, 0, "weight"), arena);
  *largest = 0.0;
  for (int64_t o = 0; o < OUTPUTS; ++o) {
    for (int64_t i = 0; i < INPUTS; ++i) {
      double x = (double)*nnt_panels_at(&w, i, o);
      square += x * x;
      *largest = fmax(*largest, fabs(x));
    }
  }
  for (int64_t o = OUTPUTS; o < nnt_panel_count(OUTPUTS) * NNT_PANEL; ++o)
    assert_true(*nnt_panels_at(&w, 7, o) == 0.0F);
  assert_true((arena[nnt_layout_tensor(&layout, 0, "bias")->offset] != 0.0F) ==
              (initializer == NNT_INIT_FAN_IN));
  *deviation = sqrt(square / (INPUTS * OUTPUTS));
  free(arena);
}

static void initial_weights_have_their_spread(void **state) {
  (void)state;
  static const struct {
    nnt_initializer initializer;
    nnt_activation activation;
    double deviation;
    bool uniform;
  } cases[] = {{NNT_INIT_XAVIER_UNIFORM, NNT_RELU, 2.0 / 500, true},
               {NNT_INIT_XAVIER_NORMAL, NNT_RELU, 2.0 / 500, false},
               {NNT_INIT_HE_UNIFORM, NNT_TANH, 2.0 / 300, true},
               {NNT_INIT_HE_NORMAL, NNT_TANH, 2.0 / 300, false},
               {NNT_INIT_LECUN_NORMAL, NNT_TANH, 1.0 / 300, false},
               {NNT_INIT_FAN_IN, NNT_SIGMOID, 1.0 / 300, false},
               {NNT_INIT_DEFAULT, NNT_RELU, 2.0 / 300, false},
               {NNT_INIT_DEFAULT, NNT_SIGMOID, 2.0 / 500, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    double deviation = 0.0, largest = 0.0, expected = sqrt(cases[i].deviation);
    measure(cases[i].initializer, cases[i].activation, &deviation, &largest);
    assert_true(fabs(deviation / expected - 1.0) < 0.02);
    assert_true((largest <= sqrt(3.0) * expected * 1.000001) == cases[i].uniform);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_round_trip),
                                     cmocka_unit_test(counts_parameters),
                                     cmocka_unit_test(refuses_impossible_layers),
                                     cmocka_unit_test(layout_round_trips),
                                     cmocka_unit_test(layout_is_cut),
                                     cmocka_unit_test(digest_sees_every_parameter),
                                     cmocka_unit_test(initial_weights_have_their_spread)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
