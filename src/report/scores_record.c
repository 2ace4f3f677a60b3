/* Metrics and scores as a JSON object. */
#include "report/scores_record.h"

#include <math.h>
#include <stdlib.h>

static json_t *real_or_null(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *reals(const double *values, int64_t count) {
  json_t *list = json_array();
  for (int64_t i = 0; i < count; ++i) (void)json_array_append_new(list, real_or_null(values[i]));
  return list;
}

static json_t *integers(const int64_t *values, int64_t count) {
  json_t *list = json_array();
  for (int64_t i = 0; i < count; ++i)
    (void)json_array_append_new(list, json_integer((json_int_t)values[i]));
  return list;
}

static json_t *confusion_of(const nnt_scores *scores) {
  if (scores->confusion == NULL) return json_null();
  json_t *rows = json_array();
  for (int64_t r = 0; r < scores->classes; ++r)
    (void)json_array_append_new(rows,
                                integers(scores->confusion + r * scores->classes, scores->classes));
  return rows;
}

/* Two hexadecimal digits per pixel. */
static json_t *pixels_of(const nnt_worst_sample *sample, int64_t count) {
  static const char digits[] = "0123456789abcdef";
  char *text = sample->pixels != NULL ? malloc(2 * (size_t)count + 1) : NULL;
  if (text == NULL) return json_null();
  for (int64_t i = 0; i < count; ++i) {
    text[2 * i] = digits[sample->pixels[i] >> 4];
    text[2 * i + 1] = digits[sample->pixels[i] & 15];
  }
  text[2 * count] = '\0';
  json_t *string = json_string(text);
  free(text);
  return string;
}

static json_t *worst_of(const nnt_scores *scores) {
  json_t *list = json_array();
  for (int64_t i = 0; i < scores->worst_count; ++i) {
    const nnt_worst_sample *sample = &scores->worst[i];
    (void)json_array_append_new(
        list, json_pack("{sI sI sI so so so}", "row", (json_int_t)sample->row, "own",
                        (json_int_t)sample->own, "predicted", (json_int_t)sample->predicted,
                        "own_probability", real_or_null(sample->own_probability),
                        "predicted_probability", real_or_null(sample->predicted_probability),
                        "pixels", pixels_of(sample, scores->height * scores->width)));
  }
  return list;
}

static void add_scores(json_t *object, const nnt_scores *scores) {
  const int64_t k = scores->classes;
  (void)json_object_set_new(object, "classes", json_integer((json_int_t)k));
  (void)json_object_set_new(object, "confusion", confusion_of(scores));
  (void)json_object_set_new(object, "support", integers(scores->support, k));
  (void)json_object_set_new(object, "precision", reals(scores->precision, k));
  (void)json_object_set_new(object, "recall", reals(scores->recall, k));
  (void)json_object_set_new(object, "f1", reals(scores->f1, k));
  (void)json_object_set_new(object, "auc", reals(scores->auc, k));
  (void)json_object_set_new(object, "f1_macro", real_or_null(scores->macro.f1));
  (void)json_object_set_new(object, "auc_macro", real_or_null(scores->auc_macro));
  (void)json_object_set_new(object, "exact_match", real_or_null(scores->exact_match));
  (void)json_object_set_new(object, "calibration_error", real_or_null(scores->calibration_error));
  (void)json_object_set_new(object, "height", json_integer((json_int_t)scores->height));
  (void)json_object_set_new(object, "width", json_integer((json_int_t)scores->width));
  (void)json_object_set_new(object, "worst", worst_of(scores));
}

json_t *nnt_scores_record(const nnt_metrics *metrics, const nnt_scores *scores) {
  json_t *object = json_pack("{sI so so so so so}", "samples", (json_int_t)metrics->samples, "loss",
                             real_or_null(metrics->loss), "accuracy",
                             real_or_null(metrics->accuracy), "mse", real_or_null(metrics->mse),
                             "mae", real_or_null(metrics->mae), "r2", real_or_null(metrics->r2));
  if (object != NULL && scores != NULL) add_scores(object, scores);
  return object;
}
