/* The update of the parameters from their averaged gradients. */
#include "net/optimizer.h"

#include <math.h>
#include <omp.h>
#include <stddef.h>

#include "base/partition.h"

/* Panel rows (of 32 floats) for which a thread pays. */
#define ROWS_PER_THREAD 8192
/* Floats of a gradient that are prepared at a time: they stay in the L1 cache. */
#define CHUNK 512
/* How much of a batch's mean and variance goes into the running ones (torch.nn.BatchNorm1d). */
#define FOLLOW_RATE 0.1F
/* Chains of a sum over lines, for speed; their number is part of the result. */
#define CHAINS 8

/* What a stage does. */
typedef enum stage_kind { STAGE_MEASURE, STAGE_DIRECT, STAGE_APPLY } stage_kind;

/* Arrays of lines. Measure has one of its own: a rank may be a stage ahead of one that still reads.
 */
enum { LINES_MOVE, LINES_WEIGHTS, LINES_GRADIENT, LINES_ARRAYS };

static nnt_layerwise layerwise_of(const nnt_optimizer_settings *settings) {
  return nnt_optimizer_row_of(settings->kind)->layerwise;
}

int nnt_optimizer_stages(const nnt_optimizer_settings *settings) {
  return 1 + (settings->clip_norm > 0.0 ? 1 : 0) +
         (layerwise_of(settings) != NNT_LAYERWISE_NONE ? 1 : 0);
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

static nnt_prepare_step prepare_step(const nnt_optimizer *optimizer, bool decayed) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  return (nnt_prepare_step){
      .scale = (float)optimizer->clip,
      .limit = settings->clip_value > 0.0 ? (float)settings->clip_value : INFINITY,
      .l1 = decayed ? (float)settings->l1 : 0.0F};
}

/* Whether prepare_step changes anything. */
static bool prepares(const nnt_optimizer_settings *settings) {
  return settings->clip_norm > 0.0 || settings->clip_value > 0.0 || settings->l1 > 0.0;
}

void nnt_optimizer_begin(nnt_optimizer *optimizer, int64_t step, double learning_rate) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  unsigned takes = nnt_optimizer_takes(settings->kind);
  bool betas = (takes & NNT_TAKES_BETAS) != 0;
  optimizer->clip = 1.0;
  optimizer->prepares = prepares(settings);
  optimizer->step =
      (nnt_update_step){.learning_rate = learning_rate,
                        .momentum = (takes & NNT_TAKES_MOMENTUM) != 0 ? settings->momentum : 0.0,
                        .nesterov = (takes & NNT_TAKES_NESTEROV) != 0 && settings->nesterov,
                        .beta1 = settings->beta1,
                        .beta2 = settings->beta2,
                        .power1 = betas ? power(settings->beta1, step) : 0.0,
                        .power2 = betas ? power(settings->beta2, step) : 0.0,
                        .alpha = settings->alpha,
                        .epsilon = settings->epsilon};
}

static nnt_update_state state_at(const nnt_optimizer *optimizer, int64_t begin) {
  float *const *state = optimizer->state;
  return (nnt_update_state){.first = state[0] != NULL ? state[0] + begin : NULL,
                            .second = state[1] != NULL ? state[1] + begin : NULL};
}

/* --- one range of one tensor, or of several of one kind, on one thread --- */

/* A prepared gradient moves the weights. */
static void move(const nnt_optimizer *optimizer, double weight_decay, int64_t begin, int64_t count,
                 const float *gradient, float *weights) {
  nnt_update_step step = optimizer->step;
  step.weight_decay = weight_decay;
  optimizer->kernels->update->apply[optimizer->settings.kind](
      &step, gradient, state_at(optimizer, begin), weights, count);
}

void nnt_optimizer_apply(const nnt_optimizer *optimizer, const nnt_tensor *tensor, int64_t begin,
                         int64_t count, const float *gradient, float *parameters) {
  if (tensor->statistic) {
    optimizer->kernels->update->follow(gradient, FOLLOW_RATE, parameters + begin, count);
    return;
  }
  double weight_decay = tensor->decayed ? optimizer->settings.weight_decay : 0.0;
  if (!optimizer->prepares) {
    move(optimizer, weight_decay, begin, count, gradient, parameters + begin);
    return;
  }
  nnt_prepare_step step = prepare_step(optimizer, tensor->decayed);
  _Alignas(64) float prepared[CHUNK];
  for (int64_t i = 0; i < count; i += CHUNK) {
    int64_t chunk = nnt_min_i64(CHUNK, count - i);
    optimizer->kernels->update->prepare(&step, gradient + i, parameters + begin + i, prepared,
                                        chunk);
    move(optimizer, weight_decay, begin + i, chunk, prepared, parameters + begin + i);
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

/* Layerwise methods: what the weights are to be moved along replaces the gradient, and is measured.
 */
static void direct(const nnt_optimizer *optimizer, const nnt_tensor *tensor, int64_t begin,
                   int64_t count, float *gradient, const float *parameters) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  const nnt_update_kernels *kernels = optimizer->kernels->update;
  const float *w = parameters + begin;
  if (optimizer->prepares) {
    nnt_prepare_step step = prepare_step(optimizer, tensor->decayed);
    kernels->prepare(&step, gradient, w, gradient, count);
  }
  if (layerwise_of(settings) == NNT_LAYERWISE_DIRECTION) {
    nnt_update_step step = optimizer->step;
    step.weight_decay = tensor->decayed ? settings->weight_decay : 0.0;
    kernels->direction[settings->kind](&step, gradient, state_at(optimizer, begin), w, gradient,
                                       count);
  }
  kernels->square_lines(gradient, lines_of(optimizer, LINES_MOVE, begin), count);
  kernels->square_lines(w, lines_of(optimizer, LINES_WEIGHTS, begin), count);
}

/* Layerwise methods: the last stage. A direction is complete, and is followed as it is. */
static void advance(const nnt_optimizer *optimizer, const nnt_tensor *tensor, int64_t begin,
                    int64_t count, const float *gradient, float *parameters) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  const nnt_update_kernels *kernels = optimizer->kernels->update;
  float trust = tensor->decayed ? optimizer->trust[tensor - optimizer->layout->tensors] : 1.0F;
  if (layerwise_of(settings) == NNT_LAYERWISE_DIRECTION) {
    nnt_update_step step = {.learning_rate = optimizer->step.learning_rate * (double)trust};
    kernels->apply[settings->kind](&step, gradient, (nnt_update_state){NULL, NULL},
                                   parameters + begin, count);
    return;
  }
  nnt_prepare_step scale = {.scale = trust, .limit = INFINITY};
  double weight_decay = tensor->decayed ? (double)trust * settings->weight_decay : 0.0;
  _Alignas(64) float scaled[CHUNK];
  for (int64_t i = 0; i < count; i += CHUNK) {
    int64_t chunk = nnt_min_i64(CHUNK, count - i), at = begin + i;
    kernels->prepare(&scale, gradient + i, parameters + at, scaled, chunk);
    move(optimizer, weight_decay, at, chunk, scaled, parameters + at);
  }
}

static void run_stage(const nnt_optimizer *optimizer, int stage, const nnt_tensor *tensor,
                      int64_t begin, int64_t count, float *gradients, float *parameters) {
  stage_kind kind = kind_of(&optimizer->settings, stage);
  if (tensor->statistic && kind != STAGE_APPLY) return; /* its lines stay the zeros they were */
  switch (kind) {
    case STAGE_MEASURE:
      optimizer->kernels->update->square_lines(gradients + begin,
                                               lines_of(optimizer, LINES_GRADIENT, begin), count);
      break;
    case STAGE_DIRECT:
      direct(optimizer, tensor, begin, count, gradients + begin, parameters);
      break;
    case STAGE_APPLY:
    default:
      if (layerwise_of(&optimizer->settings) != NNT_LAYERWISE_NONE && !tensor->statistic)
        advance(optimizer, tensor, begin, count, gradients + begin, parameters);
      else
        nnt_optimizer_apply(optimizer, tensor, begin, count, gradients + begin, parameters);
      break;
  }
}

/* --- all threads --- */

/* Floats [begin, end), multiples of 32, of tensors that are treated like `tensor`. */
static void update_range(const nnt_optimizer *optimizer, int stage, const nnt_tensor *tensor,
                         int64_t begin, int64_t end, float *gradients, float *parameters) {
  int64_t rows = (end - begin) / NNT_PANEL;
  int64_t useful = nnt_min_i64(optimizer->threads, rows / ROWS_PER_THREAD + 1);
  if (rows <= 0) return;
  /* Even a region of one thread costs time that small layers feel. */
  if (useful <= 1) {
    run_stage(optimizer, stage, tensor, begin, end - begin, gradients, parameters);
    return;
  }
#pragma omp parallel num_threads((int)useful)
  {
    int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    int64_t first = begin + nnt_partition_begin(rows, threads, thread) * NNT_PANEL;
    run_stage(optimizer, stage, tensor, first,
              nnt_partition_count(rows, threads, thread) * NNT_PANEL, gradients, parameters);
  }
}

/* The end of the tensors from `tensor` on that are treated alike: one that is decayed is alone, its
 * trust is its own. */
static int64_t end_of_alike(const nnt_layout *layout, const nnt_tensor *tensor) {
  const nnt_tensor *last = tensor, *end = layout->tensors + layout->tensor_count;
  while (!tensor->decayed && last + 1 < end && !last[1].decayed &&
         last[1].statistic == tensor->statistic)
    ++last;
  return last->offset + last->floats;
}

void nnt_optimizer_update(const nnt_optimizer *optimizer, int stage, int64_t begin, int64_t end,
                          float *gradients, float *parameters) {
  const nnt_layout *layout = optimizer->layout;
  end = nnt_min_i64(end, layout->tail);
  while (begin < end) {
    const nnt_tensor *tensor = nnt_layout_tensor_at(layout, begin);
    int64_t next = nnt_min_i64(end, end_of_alike(layout, tensor));
    update_range(optimizer, stage, tensor, begin, next, gradients, parameters);
    begin = next;
  }
}

/* max_norm of the neurons of one matrix. */
static void limit_matrix(const nnt_optimizer *optimizer, const nnt_panels *w, int part, int parts) {
  float limit = (float)optimizer->settings.max_norm;
  int64_t panels = nnt_panel_count(w->columns);
  int64_t begin = nnt_partition_begin(panels, parts, part);
  int64_t end = nnt_partition_begin(panels, parts, part + 1);
  int64_t useful = nnt_min_i64(optimizer->threads, (end - begin) * w->rows / ROWS_PER_THREAD + 1);
#pragma omp parallel for num_threads((int)useful) if (useful > 1)
  for (int64_t p = begin; p < end; ++p)
    optimizer->kernels->update->limit_columns(w->data + p * w->stride, w->rows, limit);
}

void nnt_optimizer_limit(const nnt_optimizer *optimizer, int part, int parts, float *parameters) {
  for (int i = 0; i < optimizer->layout->tensor_count; ++i) {
    const nnt_tensor *tensor = &optimizer->layout->tensors[i];
    if (!tensor->trained || !tensor->decayed) continue;
    nnt_panels w = nnt_tensor_panels(tensor, parameters);
    limit_matrix(optimizer, &w, part, parts);
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

static double trust_of(const nnt_optimizer *optimizer, const nnt_tensor *tensor) {
  const nnt_optimizer_settings *settings = &optimizer->settings;
  int64_t begin = tensor->offset, end = begin + tensor->floats;
  double moved = norm_of(optimizer, LINES_MOVE, begin, end);
  double weights = norm_of(optimizer, LINES_WEIGHTS, begin, end);
  if (!(moved > 0.0) || !(weights > 0.0)) return 1.0;
  if (layerwise_of(settings) == NNT_LAYERWISE_DIRECTION) return weights / moved;
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
  for (int i = 0; i < optimizer->layout->tensor_count; ++i) {
    const nnt_tensor *tensor = &optimizer->layout->tensors[i];
    if (tensor->decayed) optimizer->trust[i] = (float)trust_of(optimizer, tensor);
  }
}
