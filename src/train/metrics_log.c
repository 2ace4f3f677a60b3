/* metrics.jsonl, with the JSON library jansson. */
#include "train/metrics_log.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/atomic_file.h"

#define PATH_SIZE 4096

static void path_of(const char *directory, char path[PATH_SIZE]) {
  (void)snprintf(path, PATH_SIZE, "%s/metrics.jsonl", directory);
}

static nnt_status fail(const char *path, nnt_error *error) {
  return nnt_fail(error, NNT_IO_ERROR,
                  "cannot write the metrics\n%s: %s\nmake space, then go on with --resume", path,
                  strerror(errno));
}

/* Whether a line is the whole line of an epoch that is kept. */
static int is_kept(const char *line, int64_t epochs) {
  json_error_t ignored;
  json_t *object = json_loads(line, 0, &ignored);
  json_int_t epoch = json_integer_value(json_object_get(object, "epoch"));
  json_decref(object);
  return epoch >= 1 && epoch <= epochs;
}

static int copy_kept(FILE *from, FILE *to, int64_t epochs) {
  char *line = NULL;
  size_t capacity = 0;
  int good = 1;
  while (good && getline(&line, &capacity, from) >= 0) {
    if (is_kept(line, epochs)) good = fputs(line, to) >= 0;
  }
  free(line);
  return good && ferror(from) == 0;
}

nnt_status nnt_metrics_log_trim(const char *directory, int64_t epochs, nnt_error *error) {
  char path[PATH_SIZE];
  nnt_atomic_file *file = NULL;
  path_of(directory, path);
  FILE *from = fopen(path, "r");
  if (from == NULL) return NNT_OK;
  nnt_status status = nnt_atomic_begin(path, &file, error);
  FILE *to = status == NNT_OK ? fopen(nnt_atomic_path(file), "w") : NULL;
  if (status == NNT_OK && to == NULL) status = fail(path, error);
  if (status == NNT_OK && !copy_kept(from, to, epochs)) status = fail(path, error);
  if (to != NULL && fclose(to) != 0 && status == NNT_OK) status = fail(path, error);
  (void)fclose(from);
  if (status == NNT_OK) return nnt_atomic_commit(&file, error);
  nnt_atomic_abandon(&file);
  return status;
}

/* NaN has no place in JSON. */
static json_t *real_or_null(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *object_of(const nnt_epoch_event *event) {
  const nnt_metrics *validation = &event->validation;
  json_t *object = json_pack(
      "{sI sI so so sf sf sf si si}", "epoch", (json_int_t)event->epoch, "step",
      (json_int_t)event->step, "train_loss", real_or_null(event->train_loss), "validation_loss",
      event->has_validation ? real_or_null(validation->loss) : json_null(), "learning_rate",
      event->learning_rate, "samples_per_second", event->samples_per_second, "seconds",
      event->seconds, "ranks", event->ranks, "threads", event->threads);
  if (object == NULL || !event->has_validation) return object;
  int failed = 0;
  if (validation->classification) {
    failed |=
        json_object_set_new(object, "validation_accuracy", real_or_null(validation->accuracy));
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
  if (failed) {
    json_decref(object);
    return NULL;
  }
  return object;
}

nnt_status nnt_metrics_log_append(const char *directory, const nnt_epoch_event *event,
                                  nnt_error *error) {
  char path[PATH_SIZE];
  path_of(directory, path);
  json_t *object = object_of(event);
  char *text = object != NULL ? json_dumps(object, JSON_REAL_PRECISION(17)) : NULL;
  size_t size = text != NULL ? strlen(text) + 2 : 0;
  char *line = text != NULL ? malloc(size) : NULL;
  json_decref(object);
  nnt_status status = NNT_OK;
  if (line == NULL) {
    status = nnt_fail_memory(error, size, "a line of metrics");
  } else {
    (void)snprintf(line, size, "%s\n", text);
    status = nnt_file_append(path, line, error);
  }
  free(text);
  free(line);
  return status;
}
