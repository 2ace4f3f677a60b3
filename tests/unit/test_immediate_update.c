/* Gradients that are taken as soon as they are there, by several threads, are those of the arena:
 * what a thread still takes is not overwritten by one that is ahead of it. */
#include <string.h>
#include <time.h>

#include "layers/layer_kind.h"
#include "layers/network.h"
#include "net/initialize.h"
#include "unit.h"

enum { ROWS = 256, INPUTS = 64, WIDTH = 192, THREADS = 4 };

typedef struct taken {
  float *arena;
  bool waits;
} taken;

/* A thread that is held up where it takes the vectors of a normalisation, behind the last barrier.
 */
static void take(void *context, const nnt_tensor *tensor, int64_t offset, const float *values,
                 int64_t count) {
  const taken *to = context;
  if (to->waits && strncmp(tensor->name, "norm", 4) == 0)
    (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
  memcpy(to->arena + offset, values, (size_t)count * sizeof *values);
}

static nnt_model model_with(nnt_norm norm) {
  const int64_t hidden[] = {WIDTH, WIDTH, WIDTH};
  const nnt_activation activation = NNT_TANH;
  nnt_model model = {.loss = NNT_CROSS_ENTROPY, .target = NNT_TARGET_CLASS};
  nnt_error error;
  assert_int_equal(nnt_model_set_layers(&model, INPUTS, 3, hidden, 1, &activation, 10, &error),
                   NNT_OK);
  for (int l = 0; l < 3; ++l) model.layers[l].norm = norm;
  return model;
}

/* With one rank all ranks' tree nodes are its own. */
static const float *gather(void *context, int64_t count) {
  (void)count;
  return context;
}

static void run(nnt_network *network, const nnt_layout *layout, const float *parameters,
                float *gradients, taken *to) {
  const int64_t begin[] = {0, ROWS};
  const nnt_sum_step root = {.output = 0};
  nnt_sum_step steps[] = {root};
  const nnt_granules granules = {1, steps, begin};
  const nnt_sum_tree tree = {.items = 1, .steps = steps, .outputs = 1};
  float *own = test_floats(1024);
  const nnt_whole_batch whole = {ROWS, true, &tree, own, gather, own};
  const nnt_network_step_call call = {.layout = layout,
                                      .parameters = parameters,
                                      .rows = ROWS,
                                      .scale = 1.0F / ROWS,
                                      .granules = &granules,
                                      .outputs = 1,
                                      .gradients = gradients,
                                      .whole = &whole,
                                      .take = to != NULL ? take : NULL,
                                      .context = to};
  nnt_network_step(network, &call);
  free(own);
}

static void check(nnt_norm norm) {
  static float x[ROWS][INPUTS];
  static _Alignas(64) float shift[INPUTS], scale[INPUTS];
  nnt_model model = model_with(norm);
  nnt_layout layout = nnt_layout_of(&model);
  nnt_network *network = NULL;
  nnt_error error;
  for (int i = 0; i < INPUTS; ++i) scale[i] = 1.0F;
  const nnt_input input = {.element = NNT_F32, .features = INPUTS, .shift = shift, .scale = scale};
  float *parameters = test_floats(layout.floats), *arena = test_floats(layout.floats);
  float *tail = test_floats(layout.floats);
  taken to = {test_floats(layout.floats), true};
  nnt_initialize(&layout, NNT_INIT_DEFAULT, 3, parameters);
  assert_int_equal(nnt_network_create(&model, nnt_kernels_all()[0], &input, ROWS, true, THREADS,
                                      &network, &error),
                   NNT_OK);
  assert_int_equal(nnt_network_threads(network, ROWS), THREADS);
  for (int r = 0; r < ROWS; ++r) {
    for (int i = 0; i < INPUTS; ++i) x[r][i] = test_number(20, r * INPUTS + i);
    nnt_network_rows(network)[r] = x[r];
    nnt_network_classes(network)[r] = r % 10;
  }
  run(network, &layout, parameters, arena, NULL);
  run(network, &layout, parameters, tail, &to);
  assert_memory_equal(arena, to.arena, (size_t)layout.tail * sizeof *arena);
  nnt_network_destroy(&network);
  free(parameters);
  free(arena);
  free(tail);
  free(to.arena);
}

static void taken_is_computed(void **state) {
  (void)state;
  if (!nnt_kernels_supported(nnt_kernels_all()[0])) skip();
  for (int norm = 0; norm < NNT_NORM_COUNT; ++norm) check((nnt_norm)norm);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(taken_is_computed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
