/* The update of the parameters from their averaged gradients. */
#include "net/optimizer.h"

#include <math.h>
#include <omp.h>
#include <stddef.h>

#include "base/partition.h"

/* Panel rows (of 32 floats) that are worth a thread. */
#define ROWS_PER_THREAD 8192
/* Floats of a gradient that are prepared at a time: they stay in the L1 cache. */
#define PIECE 512
/* How much of a batch's mean and variance goes into the running ones (torch.nn.BatchNorm1d). */
#define FOLLOW_RATE 0.1F
/* Chains of a sum over lines, for speed; their number is part of the result. */
#define CHAINS 8

/* What a stage does. */
typedef enum stage_kind { STAGE_MEASURE, STAGE_DIRECT, STAGE_APPLY } stage_kind;

/* Arrays of lines. Measure has one of its own: a rank may be a stage ahead of one that still reads.
 */
enum { LINES_MOVE, LINES_WEIGHTS, LINES_GRADIENT, LINES_ARRAYS };

static bool works_by_layer(const nnt_optimizer_settings *settings) {
  return settings->kind == NNT_LARS || settings->kind == NNT_LAMB;
}

static bool has_moments(const nnt_optimizer_settings *settings) {
  return settings->kind == NNT_ADAM || settings->kind == NNT_ADAMW || settings->kind == NNT_LAMB;
}

int nnt_optimizer_slots(const nnt_optimizer_settings *settings) {
  if (has_moments(settings)) return 2;
  if (settings->kind == NNT_ADAGRAD) return 1;
  return (settings->kind == NNT_RMSPROP ? 1 : 0) + (settings->momentum > 0.0 ? 1 : 0);
}

const char *nnt_optimizer_slot_name(const nnt_optimizer_settings *settings, int slot) {
  if (slot >= nnt_optimizer_slots(settings)) return NULL;
  if (has_moments(settings)) return slot == 0 ? "first_moment" : "second_moment";
  if (settings->kind == NNT_ADAGRAD) return "square_sum";
  if (settings->kind == NNT_RMSPROP) return slot == 0 ? "square_average" : "velocity";
  return "velocity";
}

int nnt_optimizer_stages(const nnt_optimizer_settings *settings) {
  return 1 + (settings->clip_norm > 0.0 ? 1 : 0) + (works_by_layer(settings) ? 1 : 0);
}

int64_t nnt_optimizer_lines(const nnt_optimizer_settings *settings, const nnt_layout *layout) {
  return nnt_optimizer_stages(settings) > 1 ? LINES_ARRAYS * (layout->floats / NNT_PANEL) : 0;
}

static stage_kind kind_of(const nnt_optimizer_settings *settings, int stage) {
  if (stage + 1 == nnt_optimizer_stages(settings)) return STAGE_APPLY;
  return stage == 0 && settings->clip_norm > 0.0 ? STAGE_MEASURE : STAGE_DIRECT;
}

static double *lines_of(const nnt_optimizer *optimizer, int array, int64_t begin) {
  return optimizer->lines + (array * optimizer->layout->floats + begin) / NNT_PANEL;
}

/* base^exponent by squaring: the same bits wherever it is computed. */
static double power(double base, int64_t exponent) {
  double result = 1.0;
  for (; exponent > 0; exponent /= 2, base *= base) {
    if (exponent % 2 == 1) result *= base;
  }
  return result;
}

/* --- what the kernels take --- */

static nnt_sgd_step sgd_step(const nnt_optimizer *optimizer, double weight_decay) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  return (nnt_sgd_step){.learning_rate = (float)optimizer->learning_rate,
                        .momentum = (float)settings->momentum,
                        .weight_decay = (float)weight_decay,
                        .nesterov = settings->nesterov && settings->kind == NNT_SGD};
}

static nnt_adam_step adam_step(const nnt_optimizer *optimizer, double rate, double weight_decay) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  bool decoupled = settings->kind == NNT_ADAMW;
  return (nnt_adam_step){
      .rate = (float)(rate / optimizer->correction1),
      .beta1 = (float)settings->beta1,
      .beta2 = (float)settings->beta2,
      .rest1 = (float)(1.0 - settings->beta1),
      .rest2 = (float)(1.0 - settings->beta2),
      .root = (float)sqrt(optimizer->correction2),
      .epsilon = (float)settings->epsilon,
      .weight_decay = decoupled ? 0.0F : (float)weight_decay,
      .keep = decoupled ? (float)(1.0 - optimizer->learning_rate * weight_decay) : 1.0F};
}

static nnt_scaled_step scaled_step(const nnt_optimizer *optimizer, double weight_decay) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  return (nnt_scaled_step){.learning_rate = (float)optimizer->learning_rate,
                           .alpha = (float)settings->alpha,
                           .rest = (float)(1.0 - settings->alpha),
                           .momentum = (float)settings->momentum,
                           .epsilon = (float)settings->epsilon,
                           .weight_decay = (float)weight_decay};
}

static nnt_prepare_step prepare_step(const nnt_optimizer *optimizer, bool weights) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  return (nnt_prepare_step){
      .scale = (float)optimizer->clip,
      .limit = settings->clip_value > 0.0 ? (float)settings->clip_value : INFINITY,
      .l1 = weights ? (float)settings->l1 : 0.0F};
}

/* Whether prepare_step changes anything. */
static bool prepares(const nnt_optimizer_settings *settings) {
  return settings->clip_norm > 0.0 || settings->clip_value > 0.0 || settings->l1 > 0.0;
}

void nnt_optimizer_begin(nnt_optimizer *optimizer, int64_t step, double learning_rate) {
  optimizer->learning_rate = learning_rate;
  optimizer->clip = 1.0;
  optimizer->prepares = prepares(&optimizer->settings);
  optimizer->sgd[0] = sgd_step(optimizer, 0.0);
  optimizer->sgd[1] = sgd_step(optimizer, optimizer->settings.weight_decay);
  if (!has_moments(&optimizer->settings)) return;
  optimizer->correction1 = 1.0 - power(optimizer->settings.beta1, step);
  optimizer->correction2 = 1.0 - power(optimizer->settings.beta2, step);
}

static float *slot_at(const nnt_optimizer *optimizer, int slot, int64_t begin) {
  return optimizer->state[slot] != NULL ? optimizer->state[slot] + begin : NULL;
}

/* --- one range, all weights or all biases of a layer, on one thread --- */

/* A prepared gradient moves the weights. */
static void move(const nnt_optimizer *optimizer, double weight_decay, int64_t begin, int64_t count,
                 const float *gradient, float *weights) {
  const nnt_update_kernels *kernels = optimizer->kernels->update;
  float *first = slot_at(optimizer, 0, begin), *second = slot_at(optimizer, 1, begin);
  switch (optimizer->settings.kind) {
    case NNT_ADAM:
    case NNT_ADAMW: {
      nnt_adam_step step = adam_step(optimizer, optimizer->learning_rate, weight_decay);
      kernels->adam(&step, gradient, first, second, weights, count);
      break;
    }
    case NNT_RMSPROP: {
      nnt_scaled_step step = scaled_step(optimizer, weight_decay);
      kernels->rmsprop(&step, gradient, first, second, weights, count);
      break;
    }
    case NNT_ADAGRAD: {
      nnt_scaled_step step = scaled_step(optimizer, weight_decay);
      kernels->adagrad(&step, gradient, first, weights, count);
      break;
    }
    case NNT_SGD:
    case NNT_LARS:
    case NNT_LAMB: /* goes another way */
    case NNT_OPTIMIZER_COUNT:
    default:
      kernels->sgd(&optimizer->sgd[weight_decay > 0.0], gradient, first, weights, count);
      break;
  }
}

/* Whether `begin` is in the layer's running means and variances. */
static bool is_statistic(const nnt_optimizer *optimizer, int layer, int64_t begin) {
  return begin >= nnt_layout_trained_end(optimizer->layout, layer);
}

void nnt_optimizer_apply(const nnt_optimizer *optimizer, int layer, int64_t begin, int64_t count,
                         const float *gradient, float *parameters) {
  if (is_statistic(optimizer, layer, begin)) {
    optimizer->kernels->update->follow(gradient, FOLLOW_RATE, parameters + begin, count);
    return;
  }
  bool weights = begin < optimizer->layout->biases[layer];
  double weight_decay = weights ? optimizer->settings.weight_decay : 0.0;
  if (!optimizer->prepares) {
    move(optimizer, weight_decay, begin, count, gradient, parameters + begin);
    return;
  }
  nnt_prepare_step step = prepare_step(optimizer, weights);
  _Alignas(64) float prepared[PIECE];
  for (int64_t i = 0; i < count; i += PIECE) {
    int64_t piece = nnt_min_i64(PIECE, count - i);
    optimizer->kernels->update->prepare(&step, gradient + i, parameters + begin + i, prepared,
                                        piece);
    move(optimizer, weight_decay, begin + i, piece, prepared, parameters + begin + i);
  }
}

void nnt_optimizer_expect(const nnt_optimizer *optimizer, int64_t begin, int64_t count,
                          const float *parameters) {
  for (int64_t i = begin; i < begin + count; i += NNT_PANEL / 2) {
    __builtin_prefetch(parameters + i, 1);
    for (int s = 0; s < NNT_OPTIMIZER_SLOTS && optimizer->state[s] != NULL; ++s)
      __builtin_prefetch(optimizer->state[s] + i, 1);
  }
}

/* lars, lamb: what the weights are to be moved along replaces the gradient, and is measured. */
static void direct(const nnt_optimizer *optimizer, int layer, int64_t begin, int64_t count,
                   float *gradient, const float *parameters) {
  const nnt_update_kernels *kernels = optimizer->kernels->update;
  bool weights = begin < optimizer->layout->biases[layer];
  const float *w = parameters + begin;
  if (optimizer->prepares) {
    nnt_prepare_step step = prepare_step(optimizer, weights);
    kernels->prepare(&step, gradient, w, gradient, count);
  }
  if (optimizer->settings.kind == NNT_LAMB) {
    nnt_adam_step step =
        adam_step(optimizer, 1.0, weights ? optimizer->settings.weight_decay : 0.0);
    kernels->adam_direction(&step, gradient, optimizer->state[0] + begin,
                            optimizer->state[1] + begin, w, gradient, count);
  }
  kernels->square_lines(gradient, lines_of(optimizer, LINES_MOVE, begin), count);
  kernels->square_lines(w, lines_of(optimizer, LINES_WEIGHTS, begin), count);
}

/* lars, lamb: the last stage. */
static void follow(const nnt_optimizer *optimizer, int layer, int64_t begin, int64_t count,
                   const float *gradient, float *parameters) {
  const nnt_update_kernels *kernels = optimizer->kernels->update;
  bool weights = begin < optimizer->layout->biases[layer];
  float trust = weights ? optimizer->trust[layer] : 1.0F;
  if (optimizer->settings.kind == NNT_LAMB) {
    nnt_sgd_step step = {.learning_rate = (float)(optimizer->learning_rate * (double)trust)};
    kernels->sgd(&step, gradient, NULL, parameters + begin, count);
    return;
  }
  nnt_prepare_step scale = {.scale = trust, .limit = INFINITY};
  nnt_sgd_step step =
      sgd_step(optimizer, weights ? (double)trust * optimizer->settings.weight_decay : 0.0);
  _Alignas(64) float scaled[PIECE];
  for (int64_t i = 0; i < count; i += PIECE) {
    int64_t piece = nnt_min_i64(PIECE, count - i), at = begin + i;
    kernels->prepare(&scale, gradient + i, parameters + at, scaled, piece);
    kernels->sgd(&step, scaled, slot_at(optimizer, 0, at), parameters + at, piece);
  }
}

static void run_stage(const nnt_optimizer *optimizer, int stage, int layer, int64_t begin,
                      int64_t count, float *gradients, float *parameters) {
  stage_kind kind = kind_of(&optimizer->settings, stage);
  bool statistic = is_statistic(optimizer, layer, begin);
  if (statistic && kind != STAGE_APPLY) return; /* its lines stay the zeros that they were */
  switch (kind) {
    case STAGE_MEASURE:
      optimizer->kernels->update->square_lines(gradients + begin,
                                               lines_of(optimizer, LINES_GRADIENT, begin), count);
      break;
    case STAGE_DIRECT:
      direct(optimizer, layer, begin, count, gradients + begin, parameters);
      break;
    case STAGE_APPLY:
    default:
      if (works_by_layer(&optimizer->settings) && !statistic)
        follow(optimizer, layer, begin, count, gradients + begin, parameters);
      else
        nnt_optimizer_apply(optimizer, layer, begin, count, gradients + begin, parameters);
      break;
  }
}

/* --- all threads --- */

/* Floats [begin, end), multiples of 32, all weights, or all biases, gains and shifts, or all
 * running means and variances. */
static void update_range(const nnt_optimizer *optimizer, int stage, int layer, int64_t begin,
                         int64_t end, float *gradients, float *parameters) {
  int64_t rows = (end - begin) / NNT_PANEL;
  int64_t useful = nnt_min_i64(optimizer->threads, rows / ROWS_PER_THREAD + 1);
  if (rows <= 0) return;
  /* Even a region of one thread costs time that small layers feel. */
  if (useful <= 1) {
    run_stage(optimizer, stage, layer, begin, end - begin, gradients, parameters);
    return;
  }
#pragma omp parallel num_threads((int)useful)
  {
    int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    int64_t first = begin + nnt_partition_begin(rows, threads, thread) * NNT_PANEL;
    run_stage(optimizer, stage, layer, first,
              nnt_partition_count(rows, threads, thread) * NNT_PANEL, gradients, parameters);
  }
}

void nnt_optimizer_update(const nnt_optimizer *optimizer, int stage, int layer, int64_t begin,
                          int64_t end, float *gradients, float *parameters) {
  const nnt_layout *layout = optimizer->layout;
  const int64_t ends[] = {layout->biases[layer], nnt_layout_trained_end(layout, layer),
                          nnt_layout_layer_end(layout, layer)};
  for (int i = 0; i < 3; ++i)
    update_range(optimizer, stage, layer, i > 0 ? nnt_max_i64(begin, ends[i - 1]) : begin,
                 nnt_min_i64(end, ends[i]), gradients, parameters);
}

void nnt_optimizer_limit(const nnt_optimizer *optimizer, int part, int parts, float *parameters) {
  float limit = (float)optimizer->settings.max_norm;
  for (int l = 0; l < optimizer->layout->layer_count; ++l) {
    if (optimizer->layout->layers[l].frozen) continue;
    nnt_panels w = nnt_layout_weights(optimizer->layout, l, parameters);
    int64_t panels = nnt_panel_count(w.columns);
    int64_t begin = nnt_partition_begin(panels, parts, part);
    int64_t end = nnt_partition_begin(panels, parts, part + 1);
    int64_t useful = nnt_min_i64(optimizer->threads, (end - begin) * w.rows / ROWS_PER_THREAD + 1);
#pragma omp parallel for num_threads((int)useful) if (useful > 1)
    for (int64_t p = begin; p < end; ++p)
      optimizer->kernels->update->limit_columns(w.data + p * w.stride, w.rows, limit);
  }
}

/* --- between stages --- */

/* The norm of floats [begin, end) from their lines, summed in a fixed order. */
static double norm_of(const nnt_optimizer *optimizer, int array, int64_t begin, int64_t end) {
  const double *lines = lines_of(optimizer, array, begin);
  int64_t count = (end - begin) / NNT_PANEL, i = 0;
  double chains[CHAINS] = {0.0}, sum = 0.0;
  for (; i + CHAINS <= count; i += CHAINS) {
    for (int c = 0; c < CHAINS; ++c) chains[c] += lines[i + c];
  }
  for (; i < count; ++i) sum += lines[i];
  for (int c = 0; c < CHAINS; ++c) sum += chains[c];
  return sqrt(sum);
}

static double trust_of(const nnt_optimizer *optimizer, int layer) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  int64_t begin = optimizer->layout->weights[layer], end = optimizer->layout->biases[layer];
  double moved = norm_of(optimizer, LINES_MOVE, begin, end);
  double weights = norm_of(optimizer, LINES_WEIGHTS, begin, end);
  if (!(moved > 0.0) || !(weights > 0.0)) return 1.0;
  if (settings->kind == NNT_LAMB) return weights / moved;
  return settings->trust * weights / (moved + settings->weight_decay * weights + settings->epsilon);
}

void nnt_optimizer_between(nnt_optimizer *optimizer, int stage) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  if (kind_of(settings, stage - 1) == STAGE_MEASURE) {
    double norm = norm_of(optimizer, LINES_GRADIENT, 0, optimizer->layout->tail);
    double factor = settings->clip_norm / (norm + 1e-6);
    optimizer->clip = factor < 1.0 || isnan(norm) ? factor : 1.0;
    return;
  }
  for (int l = 0; l < optimizer->layout->layer_count; ++l)
    optimizer->trust[l] = (float)trust_of(optimizer, l);
}
