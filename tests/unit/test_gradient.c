/* The backward pass against central finite differences, for every activation with every loss. The
 * differences are taken in a float64 network of the test's own. */
#include "layers/layer_kind.h"
#include "layers/network.h"
#include "net/initialize.h"
#include "unit.h"

#define ROWS 5
#define INPUTS 7
/* Of a frozen layer with batch normalisation. */
#define RUNNING_MEAN 0.25
#define RUNNING_VARIANCE 0.5

/* One network with its data, in float64: plain loops over [out][in] weights. */
typedef struct reference {
  const nnt_model *model;
  float stored[ROWS][INPUTS]; /* as a data set has them */
  double x[ROWS][INPUTS];     /* normalised */
  double target[ROWS][8];
  int32_t classes[ROWS];
  double *parameters; /* layer by layer weights [out, in], biases, gains, shifts */
  double smoothing;   /* of labels */
} reference;

static double activate(nnt_activation activation, double z) {
  switch (activation) {
    case NNT_SIGMOID:
      return 1.0 / (1.0 + exp(-z));
    case NNT_TANH:
      return tanh(z);
    case NNT_RELU:
      return z > 0.0 ? z : 0.0;
    case NNT_LEAKY_RELU:
      return z > 0.0 ? z : (double)0.01F * z;
    case NNT_GELU:
      return z * 0.5 * erfc(-z / sqrt(2.0));
    case NNT_SILU:
      return z / (1.0 + exp(-z));
    case NNT_IDENTITY:
    case NNT_ACTIVATION_COUNT:
    default:
      return z;
  }
}

static double row_loss(const reference *r, int row, const double *a, int64_t outputs) {
  double loss = 0.0, sum = 0.0, n = (double)outputs;
  for (int64_t k = 0; k < outputs; ++k) {
    double t = r->target[row][k], d = a[k] - t;
    switch (r->model->loss) {
      case NNT_CROSS_ENTROPY:
        sum += exp(a[k]);
        break;
      case NNT_BINARY_CROSS_ENTROPY:
        loss += (log1p(exp(a[k])) - t * a[k]) / n;
        break;
      case NNT_MSE:
        loss += d * d / n;
        break;
      case NNT_QUADRATIC:
        loss += 0.5 * d * d;
        break;
      case NNT_HUBER:
        loss += (fabs(d) < 1.0 ? 0.5 * d * d : fabs(d) - 0.5) / n;
        break;
      case NNT_MAE:
        loss += fabs(d) / n;
        break;
      case NNT_POISSON:
        loss += (exp(a[k]) - t * a[k]) / n;
        break;
      case NNT_HINGE:
        if (k != r->classes[row]) loss += fmax(0.0, 1.0 - a[r->classes[row]] + a[k]) / n;
        break;
      case NNT_LOSS_COUNT:
      default:
        break;
    }
  }
  if (r->model->loss != NNT_CROSS_ENTROPY) return loss;
  loss = log(sum) - (1.0 - r->smoothing) * a[r->classes[row]];
  for (int64_t k = 0; k < outputs; ++k) loss -= r->smoothing / n * a[k];
  return loss;
}

/* Normalisation of `count` numbers, `stride` apart, each by itself with its gain and shift. */
static void normalize(double *z, int64_t count, int64_t stride, const double *gain,
                      const double *shift, int64_t of_each) {
  double mean = 0.0, variance = 0.0, n = (double)count;
  for (int64_t i = 0; i < count; ++i) mean += z[i * stride] / n;
  for (int64_t i = 0; i < count; ++i) variance += pow(z[i * stride] - mean, 2) / n;
  for (int64_t i = 0; i < count; ++i)
    z[i * stride] =
        gain[i * of_each] * (z[i * stride] - mean) / sqrt(variance + 1e-5) + shift[i * of_each];
}

/* A layer's z for all rows, normalised by rows or by columns; `p` has gains and shifts. */
static void normalize_layer(const nnt_layer *layer, double z[ROWS][64], const double *p) {
  for (int row = 0; row < ROWS && layer->norm == NNT_NORM_LAYER; ++row)
    normalize(z[row], layer->outputs, 1, p, p + layer->outputs, 1);
  for (int64_t o = 0; o < layer->outputs && layer->norm == NNT_NORM_BATCH && layer->frozen; ++o) {
    for (int row = 0; row < ROWS; ++row)
      z[row][o] =
          p[o] * (z[row][o] - RUNNING_MEAN) / sqrt(RUNNING_VARIANCE + 1e-5) + p[layer->outputs + o];
  }
  bool measures = layer->norm == NNT_NORM_BATCH && !layer->frozen;
  for (int64_t o = 0; o < layer->outputs && measures; ++o)
    normalize(&z[0][o], ROWS, 64, p + o, p + layer->outputs + o, 0);
}

/* The mean loss over all rows. */
static double loss_of(const reference *r) {
  double total = 0.0, a[ROWS][64] = {{0}}, z[ROWS][64] = {{0}};
  const double *p = r->parameters;
  for (int row = 0; row < ROWS; ++row) memcpy(a[row], r->x[row], sizeof r->x[row]);
  for (int l = 0; l < r->model->layer_count; ++l) {
    const nnt_layer *layer = &r->model->layers[l];
    const double *bias = p + layer->outputs * layer->inputs;
    for (int row = 0; row < ROWS; ++row) {
      for (int64_t o = 0; o < layer->outputs; ++o) {
        z[row][o] = bias[o];
        for (int64_t i = 0; i < layer->inputs; ++i)
          z[row][o] += p[o * layer->inputs + i] * a[row][i];
      }
    }
    p = bias + layer->outputs;
    normalize_layer(layer, z, p);
    if (layer->norm != NNT_NORM_NONE) p += 2 * layer->outputs;
    for (int row = 0; row < ROWS; ++row) {
      for (int64_t o = 0; o < layer->outputs; ++o)
        a[row][o] = activate(layer->activation, z[row][o]);
    }
  }
  for (int row = 0; row < ROWS; ++row)
    total += row_loss(r, row, a[row], nnt_model_outputs(r->model));
  return total / ROWS;
}

static void build_model(nnt_model *model, nnt_activation activation, nnt_loss loss, nnt_norm norm) {
  const int64_t hidden[] = {33, 5};
  nnt_error error;
  bool classes = loss == NNT_CROSS_ENTROPY || loss == NNT_QUADRATIC || loss == NNT_HINGE;
  *model = (nnt_model){.loss = loss, .target = classes ? NNT_TARGET_CLASS : NNT_TARGET_VALUES};
  assert_int_equal(nnt_model_set_layers(model, INPUTS, 2, hidden, 1, &activation, 3, &error),
                   NNT_OK);
  for (int l = 0; l < 2; ++l) model->layers[l].norm = norm;
  if (norm != NNT_NORM_NONE) model->label_smoothing = 0.25;
}

static void fill_data(reference *r, nnt_network *network) {
  nnt_panels targets = nnt_network_targets(network);
  for (int row = 0; row < ROWS; ++row) {
    r->classes[row] = nnt_network_classes(network)[row] = row % 3;
    nnt_network_rows(network)[row] = r->stored[row];
    for (int i = 0; i < INPUTS; ++i) {
      r->stored[row][i] = test_number(20, row * INPUTS + i);
      r->x[row][i] = 0.5 * ((double)r->stored[row][i] - 0.25);
    }
    for (int k = 0; k < 3; ++k) {
      float t = r->model->target == NNT_TARGET_CLASS ? (float)(row % 3 == k)
                                                     : fabsf(test_number(21, row * 3 + k));
      r->target[row][k] = (double)t;
      if (targets.data != NULL) *nnt_panels_at(&targets, row, k) = t;
    }
  }
}

/* Central difference of the loss by parameter `index`. */
static double difference(const reference *r, int64_t index) {
  const double h = 1e-5, kept = r->parameters[index];
  r->parameters[index] = kept + h;
  double above = loss_of(r);
  r->parameters[index] = kept - h;
  double below = loss_of(r);
  r->parameters[index] = kept;
  return (above - below) / (2.0 * h);
}

/* Batch normalisation makes a bias's gradient 0, as the float sum of numbers that are not. */
static void expect_gradient(const nnt_layer *layer, double got, double expected) {
  double rounding = layer->norm == NNT_NORM_BATCH ? 5e-6 : 2e-6;
  assert_true(fabs(got - expected) <= 2e-5 * fabs(expected) + rounding);
}

/* A frozen layer's gradient stays the zero that it was. */
static void compare_one(const reference *r, const nnt_layer *layer, double got, int64_t index) {
  if (layer->frozen)
    assert_true(got == 0.0);
  else
    expect_gradient(layer, got, difference(r, index));
}

static void compare(const reference *r, const nnt_layout *layout, const float *gradients) {
  int64_t next = 0;
  for (int t = 0; t < layout->tensor_count; ++t) {
    const nnt_tensor *tensor = &layout->tensors[t];
    if (tensor->statistic) continue;
    int64_t count = nnt_tensor_elements(tensor);
    float *got = calloc((size_t)count, sizeof *got);
    nnt_tensor_export(tensor, gradients, got);
    for (int64_t i = 0; i < count; ++i)
      compare_one(r, &layout->layers[tensor->layer], (double)got[i], next++);
    free(got);
  }
}

static nnt_input input_of(void) {
  static float shift[64], scale[64];
  for (int i = 0; i < INPUTS; ++i) {
    shift[i] = 0.25F;
    scale[i] = 0.5F;
  }
  return (nnt_input){.element = NNT_F32, .features = INPUTS, .shift = shift, .scale = scale};
}

/* With one rank all tree nodes are its own. */
static const float *gather(void *context, int64_t count) {
  (void)count;
  return context;
}

/* One step over all rows in three granules. */
static void run_step(nnt_network *network, const nnt_layout *layout, const float *parameters,
                     float *gradients) {
  static const int64_t begin[] = {0, 1, 4, ROWS};
  nnt_sum_tree plan;
  nnt_error error;
  assert_int_equal(nnt_sum_tree_create(3, NULL, 0, 3, &plan, &error), NNT_OK);
  nnt_granules granules = {3, plan.steps, begin};
  float *own = test_floats(1024);
  nnt_sum_step root = {.output = 0};
  const nnt_sum_tree all = {.items = 1, .steps = &root, .outputs = 1};
  nnt_whole_batch whole = {ROWS, true, &all, own, gather, own};
  nnt_network_step_call call = {.layout = layout,
                                .parameters = parameters,
                                .rows = ROWS,
                                .scale = 1.0F / ROWS,
                                .granules = &granules,
                                .outputs = 1,
                                .gradients = gradients,
                                .whole = &whole};
  nnt_network_step(network, &call);
  nnt_sum_tree_clear(&plan);
  free(own);
}

/* The network's parameters in the reference's order. */
static void copy_parameters(const reference *r, const nnt_layout *layout, const float *parameters) {
  int64_t next = 0;
  for (int t = 0; t < layout->tensor_count; ++t) {
    const nnt_tensor *tensor = &layout->tensors[t];
    if (tensor->statistic) continue;
    int64_t count = nnt_tensor_elements(tensor);
    float *values = calloc((size_t)count, sizeof *values);
    nnt_tensor_export(tensor, parameters, values);
    for (int64_t i = 0; i < count; ++i) r->parameters[next++] = (double)values[i];
    free(values);
  }
  assert_int_equal(next, nnt_model_parameters(r->model));
}

/* Gains, shifts and statistics other than those that they begin with. */
static void disturb(const nnt_layout *layout, float *parameters) {
  for (int t = 0; t < layout->tensor_count; ++t) {
    const nnt_tensor *tensor = &layout->tensors[t];
    float *values = parameters + tensor->offset;
    for (int64_t o = 0; o < tensor->outputs; ++o) {
      if (strcmp(tensor->name, "norm_weight") == 0) values[o] += test_number(22, o) / 2;
      if (strcmp(tensor->name, "norm_bias") == 0) values[o] = test_number(23, o);
      if (strcmp(tensor->name, "running_mean") == 0) values[o] = (float)RUNNING_MEAN;
      if (strcmp(tensor->name, "running_var") == 0) values[o] = (float)RUNNING_VARIANCE;
    }
  }
}

static void check(nnt_activation activation, nnt_loss loss, nnt_norm norm, bool frozen,
                  const nnt_kernels *kernels) {
  nnt_model model;
  nnt_network *network = NULL;
  nnt_error error;
  reference r = {.model = &model};
  build_model(&model, activation, loss, norm);
  model.layers[1].frozen = frozen;
  r.smoothing = model.label_smoothing;
  nnt_layout layout = nnt_layout_of(&model);
  float *parameters = test_floats(layout.floats), *gradients = test_floats(layout.floats);
  /* fan-in also draws the biases, so that no logit is exactly at relu's corner */
  nnt_initialize(&layout, NNT_INIT_FAN_IN, 3, parameters);
  disturb(&layout, parameters);
  nnt_input input = input_of();
  assert_int_equal(nnt_network_create(&model, kernels, &input, ROWS + 2, true, 2, &network, &error),
                   NNT_OK);
  fill_data(&r, network);
  r.parameters = calloc((size_t)nnt_model_parameters(&model), sizeof(double));
  assert_non_null(r.parameters);
  copy_parameters(&r, &layout, parameters);
  run_step(network, &layout, parameters, gradients);
  double loss_value = (double)gradients[layout.tail];
  assert_true(fabs(loss_value - loss_of(&r)) <= 1e-6 * (1.0 + loss_of(&r)));
  compare(&r, &layout, gradients);
  nnt_network_destroy(&network);
  free(r.parameters);
  free(parameters);
  free(gradients);
}

static void equals_finite_differences(void **state) {
  (void)state;
  for (int k = 0; nnt_kernels_all()[k] != NULL; ++k) {
    if (!nnt_kernels_supported(nnt_kernels_all()[k])) continue;
    for (int a = 0; a < NNT_ACTIVATION_COUNT; ++a) {
      for (int l = 0; l < NNT_LOSS_COUNT; ++l)
        check((nnt_activation)a, (nnt_loss)l, (nnt_norm)((a + l) % NNT_NORM_COUNT), false,
              nnt_kernels_all()[k]);
      check((nnt_activation)a, NNT_CROSS_ENTROPY, NNT_NORM_BATCH, true, nnt_kernels_all()[k]);
    }
  }
}

/* A rank without samples: a gradient of zero, and every layer is still announced. */
static void count_ready(void *context, int layer) {
  int *expected = context;
  assert_int_equal(layer, --*expected);
}

static void no_rows_is_zero(void **state) {
  (void)state;
  nnt_model model;
  nnt_network *network = NULL;
  nnt_error error;
  int layers = 3;
  build_model(&model, NNT_TANH, NNT_CROSS_ENTROPY, NNT_NORM_NONE);
  nnt_layout layout = nnt_layout_of(&model);
  float *parameters = test_floats(layout.floats), *gradients = test_floats(layout.floats);
  for (int64_t i = 0; i < layout.floats; ++i) gradients[i] = 1.0F;
  nnt_input input = input_of();
  assert_int_equal(
      nnt_network_create(&model, nnt_kernels_all()[0], &input, 0, true, 1, &network, &error),
      NNT_OK);
  nnt_network_step_call call = {.layout = &layout,
                                .parameters = parameters,
                                .scale = 1.0F,
                                .outputs = 1,
                                .gradients = gradients,
                                .ready = count_ready,
                                .context = &layers};
  nnt_network_step(network, &call);
  assert_int_equal(layers, 0);
  for (int64_t i = 0; i < layout.floats; ++i) assert_true(gradients[i] == 0.0F);
  nnt_network_destroy(&network);
  free(parameters);
  free(gradients);
}

/* The gradients of a step whose memory held what steps over `before` had left there: NULL, nothing.
 */
static float *gradients_after(const nnt_model *model, const nnt_layout *layout,
                              const float *parameters, const float (*before)[INPUTS]) {
  nnt_network *network = NULL;
  nnt_error error;
  nnt_input input = input_of();
  reference r = {.model = model};
  float *gradients = test_floats(layout->floats), *left = test_floats(layout->floats);
  assert_int_equal(
      nnt_network_create(model, nnt_kernels_all()[0], &input, ROWS, true, 2, &network, &error),
      NNT_OK);
  fill_data(&r, network);
  for (int row = 0; row < ROWS && before != NULL; ++row)
    nnt_network_rows(network)[row] = before[row];
  if (before != NULL) run_step(network, layout, parameters, left);
  for (int row = 0; row < ROWS; ++row) nnt_network_rows(network)[row] = r.stored[row];
  run_step(network, layout, parameters, gradients);
  nnt_network_destroy(&network);
  free(left);
  return gradients;
}

/* Memory is shared by lifetimes, and a matrix's padding is part of it: a step that has left NaN
 * everywhere changes nothing in the next, and the padding of gradients is zero. */
static void leftovers_change_nothing(void **state) {
  (void)state;
  static float poison[ROWS][INPUTS];
  for (int row = 0; row < ROWS; ++row)
    for (int i = 0; i < INPUTS; ++i) poison[row][i] = NAN;
  if (!nnt_kernels_supported(nnt_kernels_all()[0])) skip();
  for (int a = 0; a < NNT_ACTIVATION_COUNT; ++a) {
    for (int norm = 0; norm < NNT_NORM_COUNT; ++norm) {
      nnt_model model;
      build_model(&model, (nnt_activation)a, NNT_CROSS_ENTROPY, (nnt_norm)norm);
      model.layers[0].dropout = a % 2 == 0 ? 0.5 : 0.0;
      nnt_layout layout = nnt_layout_of(&model);
      float *parameters = test_floats(layout.floats);
      nnt_initialize(&layout, NNT_INIT_FAN_IN, 3, parameters);
      float *clean = gradients_after(&model, &layout, parameters, NULL);
      float *after = gradients_after(&model, &layout, parameters, (const float(*)[INPUTS])poison);
      assert_memory_equal(clean, after, (size_t)layout.floats * sizeof *clean);
      for (int t = 0; t < layout.tensor_count; ++t) {
        const nnt_tensor *tensor = &layout.tensors[t];
        for (int64_t i = tensor->outputs; i < tensor->floats && tensor->inputs == 0; ++i)
          assert_true(tensor->statistic || after[tensor->offset + i] == 0.0F);
      }
      free(parameters);
      free(clean);
      free(after);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(equals_finite_differences),
                                     cmocka_unit_test(no_rows_is_zero),
                                     cmocka_unit_test(leftovers_change_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
