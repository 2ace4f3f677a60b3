/* Forward-only passes. */
#include "score/evaluator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "comm/comm.h"
#include "data/loader.h"

/* Sums of a block. For regression four sums per output follow: (a - t)^2, |a - t|, t - o, (t -
 * o)^2, with o the target of the first sample, which avoids cancellation in the variance. */
enum { SUM_LOSS, SUM_RIGHT, SUM_TOP_K, SUM_FIXED };
/* Counts per class: samples of it, samples predicted as it, both. */
enum { COUNT_HAVE, COUNT_GIVEN, COUNT_RIGHT, COUNTS };
/* Most classes for which these are counted. */
#define MOST_COUNTED 1024
enum { OUTPUT_SQUARE, OUTPUT_ABSOLUTE, OUTPUT_TARGET, OUTPUT_TARGET_SQUARE, OUTPUT_SUMS };

struct nnt_evaluator {
  nnt_comm *comm;
  const nnt_model *model;
  const nnt_data_source *data;
  const nnt_samples *samples;
  nnt_network *network;
  nnt_batch batch;
  int top_k;
  int64_t window;   /* blocks per allreduce */
  int64_t width;    /* sums of a block */
  int64_t *indices; /* [NNT_EVALUATION_BLOCK] */
  int64_t counted;  /* classes that are counted; 0: none */
  double *sums;     /* [window, width], number of ranks that want to stop, [COUNTS, counted] */
  double *counts;   /* [COUNTS, counted] of all windows */
  double *total;    /* [width] */
  bool (*wants_stop)(const void *context); /* or NULL */
  const void *context;
  nnt_score_sheet *sheet; /* or NULL */
  float *origin;          /* [outputs], regression: the targets of the first sample */
};

static bool regresses(const nnt_evaluator *evaluator) {
  return !nnt_model_classifies(evaluator->model);
}

static nnt_status allocate(nnt_evaluator *evaluator, nnt_error *error) {
  void *sums = NULL, *total = NULL, *origin = NULL, *indices = NULL, *counts = NULL;
  int64_t classes = nnt_model_outputs(evaluator->model);
  bool counts_classes = evaluator->model->target == NNT_TARGET_CLASS && classes <= MOST_COUNTED;
  evaluator->counted = counts_classes ? classes : 0;
  size_t count_bytes = (size_t)(COUNTS * evaluator->counted) * sizeof(double);
  evaluator->window = nnt_max_i64(64, 4 * (int64_t)nnt_comm_size(evaluator->comm));
  evaluator->window = nnt_max_i64(
      nnt_min_i64(evaluator->window, nnt_data_source_most(evaluator->data) / NNT_EVALUATION_BLOCK),
      1);
  evaluator->width = SUM_FIXED;
  if (regresses(evaluator)) evaluator->width += OUTPUT_SUMS * nnt_model_outputs(evaluator->model);
  size_t bytes = (size_t)evaluator->width * sizeof(double);
  nnt_status status =
      nnt_memory_allocate((size_t)evaluator->window * bytes + sizeof(double) + count_bytes,
                          "sums of an evaluation", &sums, error);
  if (status == NNT_OK)
    status = nnt_memory_allocate(count_bytes, "sums of an evaluation", &counts, error);
  if (status == NNT_OK) status = nnt_memory_allocate(bytes, "sums of an evaluation", &total, error);
  if (status == NNT_OK)
    status = nnt_memory_allocate((size_t)nnt_model_outputs(evaluator->model) * sizeof(float),
                                 "sums of an evaluation", &origin, error);
  if (status == NNT_OK)
    status = nnt_memory_allocate(NNT_EVALUATION_BLOCK * sizeof(int64_t), "an evaluation", &indices,
                                 error);
  evaluator->indices = indices;
  evaluator->sums = sums;
  evaluator->total = total;
  evaluator->counts = counts;
  evaluator->origin = origin;
  return status;
}

nnt_status nnt_evaluator_create(nnt_comm *comm, const nnt_model *model, const nnt_data_source *data,
                                int threads, int top_k, nnt_evaluator **out, nnt_error *error) {
  const nnt_kernels *kernels = NULL;
  const nnt_samples *samples = nnt_data_source_samples(data);
  *out = NULL;
  nnt_status status = nnt_kernels_choose(&kernels, error);
  if (status != NNT_OK) return status;
  nnt_evaluator *evaluator = calloc(1, sizeof *evaluator);
  if (evaluator == NULL) return nnt_fail_memory(error, sizeof *evaluator, "an evaluation");
  evaluator->comm = comm;
  evaluator->model = model;
  evaluator->data = data;
  evaluator->samples = samples;
  evaluator->top_k = model->loss == NNT_BINARY_CROSS_ENTROPY || regresses(evaluator) ? 0 : top_k;
  nnt_input input = {.element = samples->element,
                     .features = samples->features,
                     .shift = model->shift,
                     .scale = model->scale};
  status = allocate(evaluator, error);
  if (status == NNT_OK)
    status = nnt_network_create(model, kernels, &input, NNT_EVALUATION_BLOCK, false, threads,
                                &evaluator->network, error);
  if (status != NNT_OK) {
    nnt_evaluator_destroy(&evaluator);
    return status;
  }
  bool has_targets = samples->classes != NULL || samples->targets != NULL;
  evaluator->batch.rows = nnt_network_rows(evaluator->network);
  evaluator->batch.classes = nnt_network_classes(evaluator->network);
  if (has_targets) evaluator->batch.targets = nnt_network_targets(evaluator->network);
  *out = evaluator;
  return NNT_OK;
}

void nnt_evaluator_destroy(nnt_evaluator **evaluator) {
  if (*evaluator == NULL) return;
  nnt_network_destroy(&(*evaluator)->network);
  free((*evaluator)->indices);
  free((*evaluator)->sums);
  free((*evaluator)->total);
  free((*evaluator)->counts);
  free((*evaluator)->origin);
  free(*evaluator);
  *evaluator = NULL;
}

/* Number of classes ranked before `y`: those with a larger logit, or an equal one and a smaller
 * index. A NaN ranks y last. */
static int64_t place_of(const nnt_panels *logits, int64_t row, int64_t y) {
  float own = *nnt_panels_at(logits, row, y);
  int64_t before = 0;
  for (int64_t c = 0; c < logits->columns; ++c) {
    float other = *nnt_panels_at(logits, row, c);
    before += !(own > other) && (c < y || !(own == other)) && c != y;
  }
  return before;
}

/* The class ranked first. */
static int64_t first_of(const nnt_panels *logits, int64_t row) {
  int64_t first = 0;
  for (int64_t c = 1; c < logits->columns; ++c) {
    if (*nnt_panels_at(logits, row, c) > *nnt_panels_at(logits, row, first)) first = c;
  }
  return first;
}

/* `counts`: [COUNTS, counted]. */
static void add_class_row(const nnt_evaluator *evaluator, int64_t row, double *sums,
                          double *counts) {
  nnt_panels logits = nnt_network_outputs(evaluator->network);
  int64_t y = evaluator->batch.classes[row], before = place_of(&logits, row, y);
  sums[SUM_RIGHT] += before == 0;
  sums[SUM_TOP_K] += before < evaluator->top_k;
  if (evaluator->counted == 0) return;
  counts[COUNT_HAVE * evaluator->counted + y] += 1.0;
  counts[COUNT_GIVEN * evaluator->counted + (before == 0 ? y : first_of(&logits, row))] += 1.0;
  counts[COUNT_RIGHT * evaluator->counted + y] += before == 0;
}

/* Binary cross-entropy: the fraction of the row's labels that are right, at probability 1/2. */
static void add_label_row(const nnt_evaluator *evaluator, int64_t row, double *sums) {
  nnt_panels logits = nnt_network_outputs(evaluator->network);
  int64_t right = 0;
  for (int64_t c = 0; c < logits.columns; ++c)
    right += (*nnt_panels_at(&logits, row, c) > 0.0F) ==
             (*nnt_panels_at(&evaluator->batch.targets, row, c) > 0.5F);
  sums[SUM_RIGHT] += (double)right / (double)logits.columns;
}

static void add_value_row(const nnt_evaluator *evaluator, int64_t row, double *sums) {
  nnt_panels outputs = nnt_network_outputs(evaluator->network);
  for (int64_t c = 0; c < outputs.columns; ++c) {
    double *sum = sums + SUM_FIXED + c * OUTPUT_SUMS;
    double target = (double)*nnt_panels_at(&evaluator->batch.targets, row, c);
    double from_origin = target - (double)evaluator->origin[c];
    double error = (double)*nnt_panels_at(&outputs, row, c) - target;
    sum[OUTPUT_SQUARE] += error * error;
    sum[OUTPUT_ABSOLUTE] += fabs(error);
    sum[OUTPUT_TARGET] += from_origin;
    sum[OUTPUT_TARGET_SQUARE] += from_origin * from_origin;
  }
}

/* Makes samples [first, first + count) the batch. */
static void find_samples(const nnt_evaluator *evaluator, int64_t first, int64_t count) {
  nnt_loader_order(NULL, first, count, 1, evaluator->indices);
  nnt_loader_find(evaluator->samples, evaluator->indices, count, &evaluator->batch);
}

/* Adds the batch's probabilities, those that predict outputs, to the score sheet. */
static nnt_status score_block(nnt_evaluator *evaluator, const float *parameters, int64_t count,
                              nnt_error *error) {
  if (evaluator->sheet == NULL) return NNT_OK;
  nnt_network_forward(evaluator->network, parameters, count, false, true);
  nnt_panels probabilities = nnt_network_outputs(evaluator->network);
  return nnt_score_sheet_add(evaluator->sheet, &probabilities, &evaluator->batch, count, error);
}

static nnt_status sum_block(nnt_evaluator *evaluator, const float *parameters, int64_t block,
                            double *sums, double *counts, nnt_error *error) {
  int64_t first = block * NNT_EVALUATION_BLOCK;
  int64_t count = nnt_min_i64(NNT_EVALUATION_BLOCK, evaluator->samples->count - first);
  find_samples(evaluator, first, count);
  /* Metrics are of the values that predict outputs. */
  bool with_outputs = evaluator->model->loss == NNT_POISSON;
  nnt_network_forward(evaluator->network, parameters, count, true, with_outputs);
  const float *losses = nnt_network_losses(evaluator->network);
  for (int64_t r = 0; r < count; ++r) {
    sums[SUM_LOSS] += (double)losses[r];
    if (regresses(evaluator))
      add_value_row(evaluator, r, sums);
    else if (evaluator->model->target == NNT_TARGET_CLASS)
      add_class_row(evaluator, r, sums, counts);
    else
      add_label_row(evaluator, r, sums);
  }
  return score_block(evaluator, parameters, count, error);
}

static void finish_regression(const nnt_evaluator *evaluator, nnt_metrics *out) {
  int64_t outputs = nnt_model_outputs(evaluator->model);
  double n = (double)evaluator->samples->count, square = 0.0, absolute = 0.0, r2 = 0.0;
  int64_t varying = 0;
  for (int64_t c = 0; c < outputs; ++c) {
    const double *sum = evaluator->total + SUM_FIXED + c * OUTPUT_SUMS;
    double spread = sum[OUTPUT_TARGET_SQUARE] - sum[OUTPUT_TARGET] * sum[OUTPUT_TARGET] / n;
    square += sum[OUTPUT_SQUARE];
    absolute += sum[OUTPUT_ABSOLUTE];
    if (spread > 0.0) {
      r2 += 1.0 - sum[OUTPUT_SQUARE] / spread;
      ++varying;
    }
  }
  out->mse = square / (n * (double)outputs);
  out->mae = absolute / (n * (double)outputs);
  if (varying > 0) out->r2 = r2 / (double)varying;
}

/* Mean over the classes that occur or were predicted. */
static double macro_f1(const nnt_evaluator *evaluator) {
  const double *have = evaluator->counts, *given = have + evaluator->counted,
               *right = given + evaluator->counted;
  double sum = 0.0;
  int64_t classes = 0;
  for (int64_t c = 0; c < evaluator->counted; ++c) {
    if (!(have[c] + given[c] > 0.0)) continue;
    sum += 2.0 * right[c] / (have[c] + given[c]);
    ++classes;
  }
  return classes > 0 ? sum / (double)classes : (double)NAN;
}

static void finish(const nnt_evaluator *evaluator, nnt_metrics *out) {
  double n = (double)evaluator->samples->count;
  double none = (double)NAN;
  *out = (nnt_metrics){.samples = evaluator->samples->count,
                       .loss = evaluator->total[SUM_LOSS] / n,
                       .classification = !regresses(evaluator),
                       .accuracy = none,
                       .f1 = none,
                       .top_k = evaluator->top_k,
                       .top_k_accuracy = none,
                       .mse = none,
                       .mae = none,
                       .r2 = none};
  if (regresses(evaluator)) {
    finish_regression(evaluator, out);
    return;
  }
  out->accuracy = evaluator->total[SUM_RIGHT] / n;
  out->f1 = macro_f1(evaluator);
  if (evaluator->top_k > 0) out->top_k_accuracy = evaluator->total[SUM_TOP_K] / n;
}

static nnt_status bring(nnt_evaluator *evaluator, int64_t first, int64_t count, nnt_error *error) {
  return nnt_data_source_need(evaluator->data, first,
                              nnt_min_i64(count, evaluator->samples->count - first), error);
}

static void set_origin(nnt_evaluator *evaluator) {
  const nnt_samples *samples = evaluator->samples;
  const float *first = samples->targets + nnt_samples_place(samples, 0) * samples->target_columns;
  memcpy(evaluator->origin, first, (size_t)samples->target_columns * sizeof(float));
}

void nnt_evaluator_set_sheet(nnt_evaluator *evaluator, nnt_score_sheet *sheet) {
  evaluator->sheet = sheet;
}

void nnt_evaluator_set_stop(nnt_evaluator *evaluator, bool (*wants_stop)(const void *context),
                            const void *context) {
  evaluator->wants_stop = wants_stop;
  evaluator->context = context;
}

/* Computes this rank's blocks of the `count` from `first` on, then sums them over all ranks, along
 * with the number of ranks that want to stop. */
static nnt_status sum_window(nnt_evaluator *evaluator, const float *parameters, int64_t first,
                             int64_t count, nnt_error *error) {
  int64_t width = evaluator->width;
  int64_t rank = nnt_comm_rank(evaluator->comm), size = nnt_comm_size(evaluator->comm);
  int64_t length = count * width + 1 + COUNTS * evaluator->counted;
  double *stops = evaluator->sums + count * width, *counts = stops + 1;
  nnt_status own = NNT_OK;
  memset(evaluator->sums, 0, (size_t)length * sizeof(double));
  for (int64_t b = nnt_partition_begin(count, size, rank);
       b < nnt_partition_begin(count, size, rank + 1) && own == NNT_OK; ++b)
    own = sum_block(evaluator, parameters, first + b, evaluator->sums + b * width, counts, error);
  if (evaluator->sheet != NULL) own = nnt_comm_agree(evaluator->comm, own, error);
  if (own != NNT_OK) return own;
  if (evaluator->wants_stop != NULL && evaluator->wants_stop(evaluator->context)) *stops = 1.0;
  nnt_status status = nnt_comm_sum(evaluator->comm, evaluator->sums, length, error);
  for (int64_t i = 0; i < COUNTS * evaluator->counted; ++i) evaluator->counts[i] += counts[i];
  if (status != NNT_OK || !(*stops > 0.0)) return status;
  return nnt_fail(error, NNT_STOPPED, "stopped\nduring an evaluation\nrun it again");
}

nnt_status nnt_evaluator_run(nnt_evaluator *evaluator, const float *parameters, nnt_metrics *out,
                             nnt_error *error) {
  int64_t blocks = nnt_ceil_div(evaluator->samples->count, NNT_EVALUATION_BLOCK);
  int64_t width = evaluator->width;
  memset(evaluator->total, 0, (size_t)width * sizeof(double));
  memset(evaluator->counts, 0, (size_t)(COUNTS * evaluator->counted) * sizeof(double));
  nnt_data_source_start_in_order(evaluator->data);
  for (int64_t first = 0; first < blocks; first += evaluator->window) {
    int64_t count = nnt_min_i64(evaluator->window, blocks - first);
    nnt_status status =
        bring(evaluator, first * NNT_EVALUATION_BLOCK, count * NNT_EVALUATION_BLOCK, error);
    if (status != NNT_OK) return status;
    if (first == 0 && regresses(evaluator)) set_origin(evaluator);
    status = sum_window(evaluator, parameters, first, count, error);
    if (status != NNT_OK) return status;
    for (int64_t b = 0; b < count; ++b) {
      for (int64_t i = 0; i < width; ++i) evaluator->total[i] += evaluator->sums[b * width + i];
    }
  }
  finish(evaluator, out);
  return NNT_OK;
}

nnt_status nnt_evaluator_bring(nnt_evaluator *evaluator, int64_t first, int64_t count,
                               nnt_error *error) {
  if (first == 0) nnt_data_source_start_in_order(evaluator->data);
  return bring(evaluator, first, count, error);
}

void nnt_evaluator_outputs(nnt_evaluator *evaluator, const float *parameters, int64_t first,
                           int64_t count, float *out) {
  find_samples(evaluator, first, count);
  nnt_network_forward(evaluator->network, parameters, count, false, true);
  nnt_panels outputs = nnt_network_outputs(evaluator->network);
  for (int64_t r = 0; r < count; ++r) {
    for (int64_t c = 0; c < outputs.columns; ++c)
      out[r * outputs.columns + c] = *nnt_panels_at(&outputs, r, c);
  }
}
