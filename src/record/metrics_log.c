/* metrics.jsonl, with the JSON library jansson. */
#include "record/metrics_log.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/atomic_file.h"

static void path_of(const char *directory, char path[NNT_METRICS_PATH]) {
  (void)snprintf(path, NNT_METRICS_PATH, "%s/metrics.jsonl", directory);
}

static nnt_status fail(const char *path, nnt_error *error) {
  return nnt_fail(error, NNT_IO_ERROR,
                  "cannot write the metrics\n%s: %s\nfree space, then continue with --resume", path,
                  strerror(errno));
}

/* JSON has no NaN. */
static json_t *real_or_null(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

/* Adds "KEY_seconds": how the epoch's time was spent. */
static int add_times(json_t *object, const nnt_epoch_times *times) {
  return json_object_set_new(object, "reading_seconds", json_real(times->reading)) |
         json_object_set_new(object, "gather_seconds", json_real(times->gather)) |
         json_object_set_new(object, "forward_seconds", json_real(times->forward)) |
         json_object_set_new(object, "backward_seconds", json_real(times->backward)) |
         json_object_set_new(object, "exchange_seconds", json_real(times->exchange)) |
         json_object_set_new(object, "update_seconds", json_real(times->update)) |
         json_object_set_new(object, "validation_seconds", json_real(times->validation));
}

/* Adds the validation's metrics. */
static int add_validation(json_t *object, const nnt_metrics *validation) {
  int failed = 0;
  if (validation->classification) {
    failed |=
        json_object_set_new(object, "validation_accuracy", real_or_null(validation->accuracy));
    if (isfinite(validation->f1))
      failed |= json_object_set_new(object, "validation_f1_macro", json_real(validation->f1));
    if (validation->top_k > 0) {
      failed |= json_object_set_new(object, "top_k", json_integer(validation->top_k));
      failed |= json_object_set_new(object, "validation_top_k_accuracy",
                                    real_or_null(validation->top_k_accuracy));
    }
  } else {
    failed |= json_object_set_new(object, "validation_mse", real_or_null(validation->mse));
    failed |= json_object_set_new(object, "validation_mae", real_or_null(validation->mae));
    failed |= json_object_set_new(object, "validation_r2", real_or_null(validation->r2));
  }
  return failed;
}

static json_t *object_of(const nnt_epoch_event *event) {
  json_t *object = json_pack(
      "{sI sI so so sf sf sf si si}", "epoch", (json_int_t)event->epoch, "step",
      (json_int_t)event->step, "train_loss", real_or_null(event->train_loss), "validation_loss",
      event->has_validation ? real_or_null(event->validation.loss) : json_null(), "learning_rate",
      event->learning_rate, "samples_per_second", event->samples_per_second, "seconds",
      event->seconds, "ranks", event->ranks, "threads", event->threads);
  if (object == NULL) return NULL;
  int failed = add_times(object, &event->times);
  if (event->has_validation) failed |= add_validation(object, &event->validation);
  if (!failed) return object;
  json_decref(object);
  return NULL;
}

/* The epoch of a complete line; 0 for anything else. */
static int64_t epoch_of(const char *line) {
  json_error_t ignored;
  json_t *object = json_loads(line, 0, &ignored);
  json_int_t epoch = json_integer_value(json_object_get(object, "epoch"));
  json_decref(object);
  return epoch;
}

/* Writes the line of an epoch from the history of a checkpoint. */
static int write_from_history(FILE *to, const nnt_history_entry *entry, int64_t steps) {
  json_t *object =
      json_pack("{sI sI so so so}", "epoch", (json_int_t)entry->epoch, "step",
                (json_int_t)entry->epoch * steps, "train_loss", real_or_null(entry->train_loss),
                "validation_loss", real_or_null(entry->validation_loss), "validation_accuracy",
                real_or_null(entry->validation_accuracy));
  int good = object != NULL && json_dumpf(object, to, JSON_REAL_PRECISION(17)) == 0;
  json_decref(object);
  return good && fputc('\n', to) != EOF;
}

/* Copies the lines of epochs 1 to `epochs`, each once and in order: from the file if present, else
 * from the history. */
static int copy_repaired(FILE *from, FILE *to, const nnt_history_entry *history, int64_t epochs,
                         int64_t steps) {
  char *line = NULL;
  size_t capacity = 0;
  int64_t next = 1;
  int good = 1;
  while (good && from != NULL && getline(&line, &capacity, from) >= 0) {
    int64_t epoch = epoch_of(line);
    if (epoch < next || epoch > epochs) continue;
    for (; next < epoch && good; ++next) good = write_from_history(to, &history[next - 1], steps);
    good = good && fputs(line, to) >= 0;
    if (good && strchr(line, '\n') == NULL) good = fputc('\n', to) != EOF;
    ++next;
  }
  free(line);
  for (; next <= epochs && good; ++next) good = write_from_history(to, &history[next - 1], steps);
  return good && (from == NULL || ferror(from) == 0);
}

nnt_status nnt_metrics_log_open(const char *directory, const nnt_history_entry *history,
                                int64_t epochs, int64_t steps, nnt_metrics_log *out,
                                nnt_error *error) {
  nnt_atomic_file *file = NULL;
  *out = (nnt_metrics_log){.waiting = NULL};
  path_of(directory, out->path);
  FILE *from = fopen(out->path, "r");
  if (from == NULL && epochs == 0) return NNT_OK;
  nnt_status status = nnt_atomic_begin(out->path, &file, error);
  FILE *to = status == NNT_OK ? fopen(nnt_atomic_path(file), "w") : NULL;
  if (status == NNT_OK && to == NULL) status = fail(out->path, error);
  if (status == NNT_OK && !copy_repaired(from, to, history, epochs, steps))
    status = fail(out->path, error);
  if (to != NULL && fclose(to) != 0 && status == NNT_OK) status = fail(out->path, error);
  if (from != NULL) (void)fclose(from);
  if (status == NNT_OK) return nnt_atomic_commit(&file, error);
  nnt_atomic_abandon(&file);
  return status;
}

void nnt_metrics_log_close(nnt_metrics_log *log) {
  free(log->waiting);
  log->waiting = NULL;
}

nnt_status nnt_metrics_log_flush(nnt_metrics_log *log, nnt_error *error) {
  if (log->waiting == NULL) return NNT_OK;
  nnt_status status = nnt_file_append(log->path, log->waiting, error);
  if (status == NNT_OK) nnt_metrics_log_close(log);
  return status;
}

nnt_status nnt_metrics_log_append(nnt_metrics_log *log, const nnt_epoch_event *event,
                                  nnt_error *error) {
  json_t *object = object_of(event);
  char *text = object != NULL ? json_dumps(object, JSON_REAL_PRECISION(17)) : NULL;
  size_t before = log->waiting != NULL ? strlen(log->waiting) : 0;
  size_t size = text != NULL ? before + strlen(text) + 2 : 0;
  char *lines = text != NULL ? realloc(log->waiting, size) : NULL;
  json_decref(object);
  nnt_status status = NNT_OK;
  if (lines == NULL) {
    status = nnt_fail_memory(error, size, "a line of metrics");
  } else {
    (void)snprintf(lines + before, size - before, "%s\n", text);
    log->waiting = lines;
    status = nnt_metrics_log_flush(log, error);
  }
  free(text);
  return status;
}
