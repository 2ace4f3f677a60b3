/* nnt_compare: a table of runs, the best first. */
#include <inttypes.h>
#include <math.h>
#include <nntrain/report.h>
#include <nntrain/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/run_record.h"

typedef struct row {
  json_t *record;
  const char *name;
  double key;                           /* best over the epochs; NaN: none */
  int64_t epoch;                        /* of the best */
  double validation_loss, accuracy, r2; /* of that epoch */
  double seconds, speed;                /* of all epochs; median samples per second */
  int64_t epochs;
} row;

static double number(const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static bool larger_is_better(const char *key) {
  return strstr(key, "accuracy") != NULL || strstr(key, "f1") != NULL ||
         strstr(key, "r2") != NULL || strcmp(key, "samples_per_second") == 0;
}

static int by_value(const void *a, const void *b) {
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static double median_speed(const json_t *metrics) {
  size_t count = 0, lines = json_array_size(metrics);
  double *speeds = malloc((lines + 1) * sizeof *speeds), middle = (double)NAN;
  for (size_t i = 0; i < lines && speeds != NULL; ++i) {
    double speed = number(json_array_get(metrics, i), "samples_per_second");
    if (!isnan(speed)) speeds[count++] = speed;
  }
  if (count > 0) {
    qsort(speeds, count, sizeof *speeds, by_value);
    middle = speeds[count / 2];
  }
  free(speeds);
  return middle;
}

static void fill(row *r, const char *key) {
  const json_t *metrics = json_object_get(r->record, "metrics"), *best = NULL;
  r->key = (double)NAN;
  for (size_t i = 0; i < json_array_size(metrics); ++i) {
    const json_t *line = json_array_get(metrics, i);
    int64_t epoch = (int64_t)json_integer_value(json_object_get(line, "epoch"));
    if (epoch > r->epochs) r->epochs = epoch;
    double value = number(line, key), seconds = number(line, "seconds");
    if (!isnan(seconds)) r->seconds += seconds;
    if (isnan(value)) continue;
    if (isnan(r->key) || (larger_is_better(key) ? value > r->key : value < r->key)) {
      r->key = value;
      best = line;
    }
  }
  r->epoch = (int64_t)json_integer_value(json_object_get(best, "epoch"));
  r->validation_loss = number(best, "validation_loss");
  r->accuracy = number(best, "validation_accuracy");
  r->r2 = number(best, "validation_r2");
  r->speed = median_speed(metrics);
}

/* Runs without the key last; ties by name. */
static int compare_rows(const row *a, const row *b, bool larger) {
  if (isnan(a->key) != isnan(b->key)) return isnan(a->key) ? 1 : -1;
  if (a->key < b->key) return larger ? 1 : -1;
  if (a->key > b->key) return larger ? -1 : 1;
  return strcmp(a->name, b->name);
}

static int largest_first(const void *a, const void *b) {
  return compare_rows(a, b, true);
}

static int smallest_first(const void *a, const void *b) {
  return compare_rows(a, b, false);
}

/* `width` characters, right-aligned; `pattern_of_none` for NaN. */
static void format(char out[16], int width, const char *pattern_of_none, double value, int digits) {
  if (isnan(value))
    (void)snprintf(out, 16, "%*s", width, pattern_of_none);
  else
    (void)snprintf(out, 16, "%*.*f", width, digits, value);
}

static void print_rows(const row *rows, int count, const char *key, nnt_line line, void *context) {
  char text[640], best[16], loss[16], score[16], seconds[16], speed[16];
  int width = 3;
  for (int i = 0; i < count; ++i) {
    int own = nnt_text_width(rows[i].name);
    if (own > width) width = own;
  }
  if (width > 48) width = 48;
  bool values = isnan(rows[0].accuracy) && !isnan(rows[0].r2);
  (void)snprintf(text, sizeof text, "   # %-*s %20s %6s %9s %9s %9s %11s %10s  %s", width, "run",
                 key, "epoch", "val.loss", values ? "R2" : "accuracy", "seconds", "samples/s",
                 "parameters", "network");
  line(context, text);
  for (int i = 0; i < count; ++i) {
    const row *r = &rows[i];
    int rest = width - nnt_text_width(r->name);
    format(best, 15, "-", r->key, 6);
    format(loss, 9, "-", r->validation_loss, 5);
    format(score, 9, "-", values ? r->r2 : r->accuracy, 4);
    format(seconds, 9, "-", r->seconds, 1);
    format(speed, 11, "-", r->speed, 0);
    (void)snprintf(text, sizeof text,
                   "%4d %s%*s %20s %3" PRId64 "/%-3" PRId64 " %8s %9s %9s %11s %10" PRId64 "  %s",
                   i + 1, r->name, rest > 0 ? rest : 0, "", best, r->epoch, r->epochs, loss, score,
                   seconds, speed,
                   (int64_t)json_integer_value(json_object_get(r->record, "parameters")),
                   json_string_value(json_object_get(r->record, "shape")));
    line(context, text);
  }
}

static bool all_have(const row *rows, int count, const char *key) {
  for (int i = 0; i < count; ++i) {
    const json_t *metrics = json_object_get(rows[i].record, "metrics");
    bool has = false;
    for (size_t l = 0; l < json_array_size(metrics) && !has; ++l)
      has = !isnan(number(json_array_get(metrics, l), key));
    if (!has) return false;
  }
  return true;
}

static nnt_status rank_rows(row *rows, int count, const char *by, nnt_line line, void *context,
                            nnt_error *error) {
  const char *usual = all_have(rows, count, "validation_loss") ? "validation_loss" : "train_loss";
  const char *key = by != NULL ? by : usual;
  for (int i = 0; i < count; ++i) fill(&rows[i], key);
  qsort(rows, (size_t)count, sizeof *rows, larger_is_better(key) ? largest_first : smallest_first);
  if (isnan(rows[0].key))
    return nnt_fail(
        error, NNT_BAD_INPUT,
        "no run has this metric\n--by %s\nchoose a key of metrics.jsonl, such as "
        "validation_loss, validation_accuracy, validation_f1_macro, train_loss, seconds",
        key);
  print_rows(rows, count, key, line, context);
  return NNT_OK;
}

nnt_status nnt_compare(const char *const *runs, int count, const char *by, nnt_line line,
                       void *context, nnt_error *error) {
  row *rows = calloc((size_t)count + 1, sizeof *rows);
  if (rows == NULL) return nnt_fail_memory(error, sizeof *rows, "a table of runs");
  nnt_status status = NNT_OK;
  for (int i = 0; i < count && status == NNT_OK; ++i) {
    rows[i].name = runs[i];
    status = nnt_run_record_read(runs[i], &rows[i].record, error);
  }
  if (status == NNT_OK && count > 0) status = rank_rows(rows, count, by, line, context, error);
  for (int i = 0; i < count; ++i) json_decref(rows[i].record);
  free(rows);
  return status;
}
