/* Accumulating the per-class scores of a classifier. */
#include "score/score_sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/partition.h"
#include "comm/comm.h"

/* Probabilities are summed as integer multiples of 1 / PARTS: exact up to 5e8 samples. */
#define PARTS 16777216.0

/* Integers in doubles, which nnt_comm_sum adds exactly. */
enum { BIN_COUNT, BIN_PROBABILITY, BIN_RIGHT, BIN_FIELDS };

struct nnt_score_sheet {
  int64_t samples, classes;
  bool labels, calibrated; /* the outputs are probabilities */
  int64_t count_size;
  double *counts; /* support, predicted, right [K], bins [15, 3], exact matches, confusion [K, K] */
  /* For the AUC, of this rank's samples; or NULL. */
  float *probabilities;  /* [capacity, K] */
  unsigned char *truths; /* [capacity, K]: whether the sample is of the class */
  int64_t rows, capacity;
};

static double *support(const nnt_score_sheet *sheet) {
  return sheet->counts;
}
static double *predicted(const nnt_score_sheet *sheet) {
  return sheet->counts + sheet->classes;
}
static double *right(const nnt_score_sheet *sheet) {
  return sheet->counts + 2 * sheet->classes;
}
static double *bins(const nnt_score_sheet *sheet) {
  return sheet->counts + 3 * sheet->classes;
}
static double *exact_matches(const nnt_score_sheet *sheet) {
  return bins(sheet) + (ptrdiff_t)NNT_CALIBRATION_BINS * BIN_FIELDS;
}
/* NULL when it is not computed. */
static double *confusion(const nnt_score_sheet *sheet) {
  bool computed = !sheet->labels && sheet->classes <= NNT_CONFUSION_MOST;
  return computed ? exact_matches(sheet) + 1 : NULL;
}

nnt_status nnt_score_sheet_create(const nnt_model *model, int64_t samples, nnt_score_sheet **out,
                                  nnt_error *error) {
  int64_t classes = nnt_model_outputs(model);
  *out = NULL;
  nnt_score_sheet *sheet = calloc(1, sizeof *sheet);
  if (sheet == NULL) return nnt_fail_memory(error, sizeof *sheet, "scores");
  sheet->samples = samples;
  sheet->classes = classes;
  sheet->calibrated = model->loss == NNT_CROSS_ENTROPY || model->loss == NNT_BINARY_CROSS_ENTROPY;
  sheet->labels = model->target != NNT_TARGET_CLASS;
  sheet->count_size = 3 * classes + (int64_t)NNT_CALIBRATION_BINS * BIN_FIELDS + 1;
  if (!sheet->labels && classes <= NNT_CONFUSION_MOST) sheet->count_size += classes * classes;
  sheet->counts = calloc((size_t)sheet->count_size, sizeof *sheet->counts);
  if (sheet->counts == NULL) {
    nnt_score_sheet_destroy(&sheet);
    return nnt_fail_memory(error, (size_t)(3 * classes) * sizeof(double), "scores");
  }
  *out = sheet;
  return NNT_OK;
}

void nnt_score_sheet_destroy(nnt_score_sheet **sheet) {
  if (*sheet == NULL) return;
  free((*sheet)->counts);
  free((*sheet)->probabilities);
  free((*sheet)->truths);
  free(*sheet);
  *sheet = NULL;
}

/* --- one sample --- */

static void count_decision(const nnt_score_sheet *sheet, double probability, bool is_right) {
  if (!sheet->calibrated) return;
  int64_t bin = (int64_t)ceil(probability * NNT_CALIBRATION_BINS) - 1;
  bin = nnt_min_i64(nnt_max_i64(bin, 0), NNT_CALIBRATION_BINS - 1);
  double *of = bins(sheet) + bin * BIN_FIELDS;
  of[BIN_COUNT] += 1.0;
  of[BIN_PROBABILITY] += nearbyint(probability * PARTS);
  of[BIN_RIGHT] += is_right;
}

static void add_class(const nnt_score_sheet *sheet, const nnt_panels *p, int64_t row,
                      int32_t truth) {
  int64_t best = 0;
  for (int64_t c = 1; c < sheet->classes; ++c)
    best = *nnt_panels_at(p, row, c) > *nnt_panels_at(p, row, best) ? c : best;
  support(sheet)[truth] += 1.0;
  predicted(sheet)[best] += 1.0;
  right(sheet)[best] += best == truth;
  if (confusion(sheet) != NULL) confusion(sheet)[truth * sheet->classes + best] += 1.0;
  count_decision(sheet, (double)*nnt_panels_at(p, row, best), best == truth);
}

static void add_labels(const nnt_score_sheet *sheet, const nnt_panels *p, int64_t row,
                       const nnt_panels *targets) {
  bool all = true;
  for (int64_t c = 0; c < sheet->classes; ++c) {
    double probability = (double)*nnt_panels_at(p, row, c);
    bool truth = *nnt_panels_at(targets, row, c) > 0.5F, decision = probability > 0.5;
    support(sheet)[c] += truth;
    predicted(sheet)[c] += decision;
    right(sheet)[c] += truth && decision;
    all = all && truth == decision;
    count_decision(sheet, decision ? probability : 1.0 - probability, truth == decision);
  }
  *exact_matches(sheet) += all;
}

/* --- the area under the curve --- */

static bool has_auc(const nnt_score_sheet *sheet) {
  return sheet->samples <= NNT_AUC_MOST / sheet->classes;
}

static nnt_status make_room(nnt_score_sheet *sheet, int64_t rows, nnt_error *error) {
  if (rows <= sheet->capacity) return NNT_OK;
  int64_t capacity = nnt_max_i64(rows, 2 * sheet->capacity);
  size_t values = (size_t)(capacity * sheet->classes);
  float *probabilities = realloc(sheet->probabilities, values * sizeof *probabilities);
  if (probabilities != NULL) sheet->probabilities = probabilities;
  unsigned char *truths = realloc(sheet->truths, values);
  if (truths != NULL) sheet->truths = truths;
  if (probabilities == NULL || truths == NULL)
    return nnt_fail_memory(error, values * sizeof *probabilities, "probabilities for the AUC");
  sheet->capacity = capacity;
  return NNT_OK;
}

nnt_status nnt_score_sheet_add(nnt_score_sheet *sheet, const nnt_panels *probabilities,
                               const nnt_batch *batch, int64_t count, nnt_error *error) {
  int64_t k = sheet->classes;
  nnt_status status = has_auc(sheet) ? make_room(sheet, sheet->rows + count, error) : NNT_OK;
  for (int64_t r = 0; r < count && status == NNT_OK; ++r) {
    if (sheet->labels)
      add_labels(sheet, probabilities, r, &batch->targets);
    else
      add_class(sheet, probabilities, r, batch->classes[r]);
    if (!has_auc(sheet)) continue;
    for (int64_t c = 0; c < k; ++c) {
      int64_t at = sheet->rows * k + c;
      sheet->probabilities[at] = *nnt_panels_at(probabilities, r, c);
      sheet->truths[at] =
          sheet->labels ? *nnt_panels_at(&batch->targets, r, c) > 0.5F : batch->classes[r] == c;
    }
    ++sheet->rows;
  }
  return status;
}

typedef struct scored {
  float probability;
  bool truth;
} scored;

static int by_probability(const void *a, const void *b) {
  float first = ((const scored *)a)->probability, second = ((const scored *)b)->probability;
  return (first > second) - (first < second);
}

/* Sorts the samples by their probability of one class; NaN when there are no positives or no
 * negatives. */
static double area(scored *all, int64_t count) {
  int64_t positives = 0, others_below = 0, twice = 0;
  qsort(all, (size_t)count, sizeof *all, by_probability);
  for (int64_t i = 0; i < count;) {
    int64_t end = i, positives_here = 0;
    for (; end < count && !(all[end].probability > all[i].probability); ++end)
      positives_here += all[end].truth;
    int64_t others_here = end - i - positives_here;
    twice += positives_here * (2 * others_below + others_here);
    positives += positives_here;
    others_below += others_here;
    i = end;
  }
  if (positives == 0 || others_below == 0) return (double)NAN;
  return (double)twice / (2.0 * (double)positives * (double)others_below);
}

static void copy_class(const nnt_score_sheet *sheet, int64_t c, scored *out) {
  for (int64_t r = 0; r < sheet->rows; ++r)
    out[r] = (scored){sheet->probabilities[r * sheet->classes + c],
                      sheet->truths[r * sheet->classes + c] != 0};
}

/* Gathers one class's samples of all ranks on rank `root`, which computes the area. */
static nnt_status class_area(nnt_comm *comm, const nnt_score_sheet *sheet, const int64_t *rows,
                             int64_t c, scored *room, double *out, nnt_error *error) {
  int root = (int)(c % nnt_comm_size(comm));
  size_t bytes = (size_t)sheet->rows * sizeof *room;
  if (nnt_comm_rank(comm) != root) {
    copy_class(sheet, c, room);
    return nnt_comm_send(comm, root, room, bytes, error);
  }
  int64_t filled = 0;
  nnt_status status = NNT_OK;
  for (int r = 0; r < nnt_comm_size(comm) && status == NNT_OK; ++r) {
    if (r == root)
      copy_class(sheet, c, room + filled);
    else
      status = nnt_comm_receive(comm, r, room + filled, (size_t)rows[r] * sizeof *room, error);
    filled += rows[r];
  }
  if (status == NNT_OK) *out = area(room, filled);
  return status;
}

/* The areas of all classes, on all ranks. */
static nnt_status all_areas(nnt_comm *comm, const nnt_score_sheet *sheet, double *out,
                            nnt_error *error) {
  int64_t k = sheet->classes;
  int64_t *rows = calloc((size_t)nnt_comm_size(comm), sizeof *rows);
  scored *room = malloc((size_t)nnt_max_i64(sheet->samples, 1) * sizeof *room);
  nnt_status status = NNT_OK;
  if (rows == NULL || room == NULL)
    status = nnt_fail_memory(error, (size_t)sheet->samples * sizeof *room, "the AUC");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_comm_gather(comm, &sheet->rows, sizeof sheet->rows, rows, error);
  for (int64_t c = 0; c < k; ++c) out[c] = 0.0;
  for (int64_t c = 0; c < k && status == NNT_OK; ++c)
    status = class_area(comm, sheet, rows, c, room, &out[c], error);
  /* NaNs propagate through the sum. */
  if (status == NNT_OK) status = nnt_comm_sum(comm, out, k, error);
  free(rows);
  free(room);
  return status;
}

/* --- the scores --- */

static nnt_scores *allocate(const nnt_score_sheet *sheet) {
  size_t k = (size_t)sheet->classes;
  nnt_scores *scores = calloc(1, sizeof *scores);
  if (scores == NULL) return NULL;
  scores->support = calloc(3 * k, sizeof *scores->support);
  scores->precision = calloc(4 * k, sizeof *scores->precision);
  if (confusion(sheet) != NULL) scores->confusion = calloc(k * k, sizeof *scores->confusion);
  if (scores->support == NULL || scores->precision == NULL ||
      (confusion(sheet) != NULL && scores->confusion == NULL)) {
    nnt_scores_destroy(&scores);
    return NULL;
  }
  scores->samples = sheet->samples;
  scores->classes = sheet->classes;
  scores->labels = sheet->labels;
  scores->predicted = scores->support + k;
  scores->right = scores->predicted + k;
  scores->recall = scores->precision + k;
  scores->f1 = scores->recall + k;
  scores->auc = scores->f1 + k;
  return scores;
}

void nnt_scores_destroy(nnt_scores **scores) {
  if (*scores == NULL) return;
  free((*scores)->class_names);
  free((*scores)->support);
  free((*scores)->precision);
  free((*scores)->confusion);
  for (int64_t i = 0; i < (*scores)->worst_count; ++i) free((*scores)->worst[i].pixels);
  free((*scores)->worst);
  free(*scores);
  *scores = NULL;
}

static double ratio(double part, double whole) {
  return whole > 0.0 ? part / whole : 0.0;
}

static nnt_average average_of(double t, double p, double s) {
  return (nnt_average){ratio(t, p), ratio(t, s), ratio(2.0 * t, p + s)};
}

static void add_average(nnt_average *sum, const nnt_scores *scores, int64_t c, double weight) {
  sum->precision += weight * scores->precision[c];
  sum->recall += weight * scores->recall[c];
  sum->f1 += weight * scores->f1[c];
}

static void divide(nnt_average *sum, double by) {
  *sum = (nnt_average){ratio(sum->precision, by), ratio(sum->recall, by), ratio(sum->f1, by)};
}

static void score_classes(const nnt_score_sheet *sheet, nnt_scores *scores) {
  double t = 0.0, p = 0.0, s = 0.0, there = 0.0;
  for (int64_t c = 0; c < scores->classes; ++c) {
    double own[3] = {right(sheet)[c], predicted(sheet)[c], support(sheet)[c]};
    nnt_average of = average_of(own[0], own[1], own[2]);
    scores->right[c] = (int64_t)own[0];
    scores->predicted[c] = (int64_t)own[1];
    scores->support[c] = (int64_t)own[2];
    scores->precision[c] = of.precision;
    scores->recall[c] = of.recall;
    scores->f1[c] = of.f1;
    t += own[0];
    p += own[1];
    s += own[2];
    bool counts = sheet->labels || own[1] + own[2] > 0.0;
    there += counts;
    if (counts) add_average(&scores->macro, scores, c, 1.0);
    add_average(&scores->weighted, scores, c, own[2]);
  }
  divide(&scores->macro, there);
  divide(&scores->weighted, s);
  scores->micro = average_of(t, p, s);
  for (int64_t i = 0; scores->confusion != NULL && i < scores->classes * scores->classes; ++i)
    scores->confusion[i] = (int64_t)confusion(sheet)[i];
}

static double calibration_error(const nnt_score_sheet *sheet) {
  double sum = 0.0, all = 0.0;
  for (int b = 0; b < NNT_CALIBRATION_BINS; ++b) {
    const double *of = bins(sheet) + (ptrdiff_t)b * BIN_FIELDS;
    sum += fabs(of[BIN_RIGHT] - of[BIN_PROBABILITY] / PARTS);
    all += of[BIN_COUNT];
  }
  return all > 0.0 ? sum / all : (double)NAN;
}

static void average_areas(nnt_scores *scores) {
  double sum = 0.0, there = 0.0;
  for (int64_t c = 0; c < scores->classes; ++c) {
    if (isnan(scores->auc[c])) continue;
    sum += scores->auc[c];
    there += 1.0;
  }
  scores->auc_macro = there > 0.0 ? sum / there : (double)NAN;
}

nnt_status nnt_score_sheet_finish(nnt_comm *comm, nnt_score_sheet *sheet, nnt_scores **out,
                                  nnt_error *error) {
  *out = NULL;
  nnt_status status = nnt_comm_sum(comm, sheet->counts, sheet->count_size, error);
  if (status != NNT_OK) return status;
  nnt_scores *scores = allocate(sheet);
  status = scores != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *scores, "scores");
  status = nnt_comm_agree(comm, status, error);
  if (scores == NULL || status != NNT_OK) {
    nnt_scores_destroy(&scores);
    return status;
  }
  score_classes(sheet, scores);
  scores->calibration_error = calibration_error(sheet);
  scores->exact_match =
      sheet->labels ? ratio(*exact_matches(sheet), (double)sheet->samples) : (double)NAN;
  for (int64_t c = 0; c < scores->classes; ++c) scores->auc[c] = (double)NAN;
  if (has_auc(sheet)) status = all_areas(comm, sheet, scores->auc, error);
  average_areas(scores);
  if (status != NNT_OK) nnt_scores_destroy(&scores);
  *out = scores;
  return status;
}
