/* Checkpoints in memory: nothing is lost, and any damage is found. */
#include "io/checkpoint.h"
#include "layers/layer_kind.h"

#include "net/initialize.h"
#include "unit.h"

/* With every slot that the optimiser has. */
static nnt_checkpoint *build(nnt_optimizer_kind kind) {
  static const int64_t hidden[] = {9};
  static const nnt_activation activation = NNT_GELU;
  static char first[] = "ä", second[] = "b, \"quoted\"", third[] = "c";
  char *names[] = {first, second, third};
  nnt_checkpoint *c = calloc(1, sizeof *c);
  nnt_error error;
  assert_non_null(c);
  c->model.loss = NNT_CROSS_ENTROPY;
  c->model.target = NNT_TARGET_CLASS;
  c->model.normalization = NNT_NORMALIZE_STANDARDIZE;
  assert_int_equal(nnt_model_set_layers(&c->model, 5, 1, hidden, 1, &activation, 3, &error),
                   NNT_OK);
  assert_int_equal(nnt_model_allocate_normalization(&c->model, &error), NNT_OK);
  for (int i = 0; i < 5; ++i) {
    c->model.shift[i] = test_number(1, i);
    c->model.scale[i] = test_number(2, i);
  }
  c->model.class_names = malloc(sizeof names);
  assert_non_null(c->model.class_names);
  memcpy(c->model.class_names, names, sizeof names);
  c->model.class_name_count = 3;
  c->state = (nnt_train_state){.epoch = 2,
                               .step = 77,
                               .seed = UINT64_C(0x8000000000000001),
                               .batch_size = 12,
                               .samples = 400,
                               .shuffling = {NNT_SHUFFLE_WINDOWED, 5, 5000},
                               .initializer = NNT_INIT_HE_UNIFORM,
                               .best_loss = 0.125,
                               .best_epoch = 1};
  nnt_optimizer_settings_default(kind, &c->optimizer);
  c->optimizer.weight_decay = 1e-4;
  nnt_layout layout = nnt_layout_of(&c->model);
  c->parameters = test_floats(layout.floats);
  nnt_initialize(&layout, NNT_INIT_FAN_IN, 1, c->parameters);
  for (int s = 0; s < nnt_optimizer_slots(&c->optimizer); ++s) {
    c->slots[s] = test_floats(layout.floats);
    nnt_initialize(&layout, NNT_INIT_FAN_IN, 2 + (uint64_t)s, c->slots[s]);
  }
  c->history = calloc(2, sizeof *c->history);
  assert_non_null(c->history);
  c->history[0] = (nnt_history_entry){1, 0.5, (double)NAN, (double)NAN};
  c->history[1] = (nnt_history_entry){2, 0.25, 0.3, 0.9};
  c->history_count = 2;
  return c;
}

static void expect_equal(const nnt_checkpoint *a, const nnt_checkpoint *b) {
  nnt_layout layout = nnt_layout_of(&a->model);
  size_t bytes = (size_t)layout.tail * sizeof(float);
  assert_int_equal(b->model.layer_count, a->model.layer_count);
  assert_memory_equal(b->model.layers, a->model.layers, 2 * sizeof *a->model.layers);
  assert_int_equal(b->model.loss, a->model.loss);
  assert_int_equal(b->model.target, a->model.target);
  assert_int_equal(b->model.normalization, a->model.normalization);
  assert_memory_equal(b->model.shift, a->model.shift, 5 * sizeof(float));
  assert_memory_equal(b->model.scale, a->model.scale, 5 * sizeof(float));
  assert_int_equal(b->model.class_name_count, 3);
  for (int i = 0; i < 3; ++i) assert_string_equal(b->model.class_names[i], a->model.class_names[i]);
  assert_int_equal(b->state.step, a->state.step);
  assert_true(b->state.seed == a->state.seed);
  assert_int_equal(b->state.initializer, a->state.initializer);
  assert_int_equal(b->state.shuffling.kind, a->state.shuffling.kind);
  assert_int_equal(b->state.shuffling.block, a->state.shuffling.block);
  assert_int_equal(b->state.shuffling.window, a->state.shuffling.window);
  assert_true(b->state.best_loss == a->state.best_loss);
  assert_true(b->optimizer.weight_decay == a->optimizer.weight_decay);
  assert_memory_equal(b->parameters, a->parameters, bytes);
  assert_int_equal(b->optimizer.kind, a->optimizer.kind);
  assert_true(b->optimizer.epsilon == a->optimizer.epsilon);
  for (int s = 0; s < NNT_OPTIMIZER_SLOTS; ++s) {
    assert_int_equal(b->slots[s] != NULL, a->slots[s] != NULL);
    if (a->slots[s] != NULL) assert_memory_equal(b->slots[s], a->slots[s], bytes);
  }
  assert_int_equal(b->history_count, 2);
  assert_true(isnan(b->history[0].validation_loss));
  assert_true(b->history[1].validation_accuracy == a->history[1].validation_accuracy);
}

static void round_trips(void **state) {
  (void)state;
  for (int kind = 0; kind < NNT_OPTIMIZER_COUNT; ++kind) {
    nnt_checkpoint *a = build((nnt_optimizer_kind)kind), *b = NULL;
    void *bytes = NULL;
    size_t size = 0;
    nnt_error error;
    assert_int_equal(nnt_checkpoint_encode(a, &bytes, &size, &error), NNT_OK);
    assert_true(nnt_checkpoint_recognize(bytes, size));
    assert_int_equal(nnt_checkpoint_decode("x", bytes, size, &b, &error), NNT_OK);
    expect_equal(a, b);
    nnt_memory_free(&bytes);
    nnt_checkpoint_destroy(&a);
    nnt_checkpoint_destroy(&b);
    nnt_checkpoint_destroy(&b);
  }
}

/* Every bit of the header, and bits all over the rest; every kind of length. */
static void finds_damage(void **state) {
  (void)state;
  nnt_checkpoint *a = build(NNT_ADAM), *b = NULL;
  void *bytes = NULL;
  size_t size = 0;
  nnt_error error;
  assert_int_equal(nnt_checkpoint_encode(a, &bytes, &size, &error), NNT_OK);
  unsigned char *byte = bytes;
  for (size_t i = 0; i < size; i += i < 512 ? 1 : 37) {
    unsigned char flip = (unsigned char)(1U << (i % 8));
    byte[i] ^= flip;
    assert_int_equal(nnt_checkpoint_decode("x", bytes, size, &b, &error), NNT_BAD_INPUT);
    assert_null(b);
    byte[i] ^= flip;
  }
  for (size_t length = 0; length < size; length += 101) {
    assert_int_equal(nnt_checkpoint_decode("x", bytes, length, &b, &error), NNT_BAD_INPUT);
    assert_null(b);
  }
  assert_int_equal(nnt_checkpoint_decode("x", bytes, size, &b, &error), NNT_OK);
  nnt_memory_free(&bytes);
  nnt_checkpoint_destroy(&a);
  nnt_checkpoint_destroy(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(round_trips), cmocka_unit_test(finds_damage)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
