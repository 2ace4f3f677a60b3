/* A run directory as a JSON object. */
#include "report/run_record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/checkpoint.h"
#include "layers/layer_kind.h"
#include "record/run_directory.h"

#define PATH_SIZE 4096

/* Lines that are not JSON, such as one being written, are skipped. */
static nnt_status read_metrics(const char *path, json_t *into, nnt_error *error) {
  char file[PATH_SIZE];
  char *line = NULL;
  size_t capacity = 0;
  (void)snprintf(file, sizeof file, "%s/metrics.jsonl", path);
  FILE *from = fopen(file, "r");
  if (from == NULL)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the run has no metrics\n%s: %s\ngive the --output directory of 'nntrain "
                    "train'",
                    file, strerror(errno));
  int failed = 0;
  while (!failed && getline(&line, &capacity, from) >= 0) {
    json_error_t ignored;
    json_t *object = json_loads(line, 0, &ignored);
    if (json_is_object(object)) failed = json_array_append(into, object) != 0;
    json_decref(object);
  }
  free(line);
  failed |= ferror(from);
  (void)fclose(from);
  if (failed)
    return nnt_fail(error, NNT_BAD_INPUT, "cannot read the metrics\n%s\ncheck the file", file);
  return NNT_OK;
}

static json_t *names_of(const nnt_model *model) {
  if (model->class_names == NULL) return json_null();
  json_t *names = json_array();
  for (int64_t i = 0; i < model->class_name_count; ++i)
    (void)json_array_append_new(names, json_string(model->class_names[i]));
  return names;
}

static json_t *describe(const char *name, const nnt_checkpoint *checkpoint, json_t *metrics) {
  const nnt_model *model = &checkpoint->model;
  const nnt_train_state *state = &checkpoint->state;
  char shape[256];
  nnt_model_shape_text(model, shape, sizeof shape);
  json_t *config = checkpoint->run_file != NULL ? json_string(checkpoint->run_file) : NULL;
  return json_pack(
      "{ss ss sI ss ss ss sI sI sI sI so so so}", "name", name, "shape", shape, "parameters",
      (json_int_t)nnt_model_parameters(model), "loss", nnt_loss_name(model->loss), "optimizer",
      nnt_optimizer_name(checkpoint->optimizer.kind), "normalization",
      nnt_normalization_name(model->normalization), "samples", (json_int_t)state->samples,
      "batch_size", (json_int_t)state->batch_size, "seed", (json_int_t)state->seed, "best_epoch",
      (json_int_t)state->best_epoch, "class_names", names_of(model), "config",
      config != NULL ? config : json_null(), "metrics", metrics);
}

nnt_status nnt_run_record_read(const char *path, json_t **out, nnt_error *error) {
  nnt_checkpoint *checkpoint = NULL;
  struct stat what;
  *out = NULL;
  if (stat(path, &what) != 0 || !S_ISDIR(what.st_mode))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "not the directory of a run\n%s\ngive the --output directory of 'nntrain "
                    "train'",
                    path);
  nnt_status status = nnt_run_directory_open_local(path, &checkpoint, error);
  if (status != NNT_OK) return status;
  json_t *metrics = json_array();
  status = read_metrics(path, metrics, error);
  if (status == NNT_OK) {
    *out = describe(path, checkpoint, metrics);
    if (*out == NULL)
      status = nnt_fail(error, NNT_BAD_INPUT,
                        "a name that is not UTF-8\n%s\nrename the directory or the classes", path);
  } else {
    json_decref(metrics);
  }
  nnt_checkpoint_destroy(&checkpoint);
  return status;
}
