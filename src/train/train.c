/* nnt_train: from options to a finished run. */
#include <inttypes.h>
#include <math.h>
#include <nntrain/train.h>
#include <nntrain/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/partition.h"
#include "comm/binding.h"
#include "comm/comm.h"
#include "comm/shares.h"
#include "hdf5/h5.h"
#include "input/data_digest.h"
#include "input/input_statistics.h"
#include "input/run_data.h"
#include "kernels/dispatch.h"
#include "layers/layer_kind.h"
#include "record/run_directory.h"
#include "step/step.h"
#include "train/method_checks.h"
#include "train/resume_checks.h"
#include "train/run.h"
#include "train/trainer.h"
#include "train/warm_start.h"

/* Everything that a run owns until it ends. */
typedef struct nnt_run {
  nnt_comm *comm;
  const nnt_train_options *options;
  const nnt_train_events *events;
  int threads; /* of this rank */
  nnt_run_data data;
  nnt_checkpoint *checkpoint;
  nnt_checkpoint *start; /* of another run; NULL: none */
  nnt_model model;
  nnt_trainer *trainer;
  nnt_binding *binding;
  double started; /* by base/clock.h */
} run;

void nnt_train_options_default(nnt_train_options *options) {
  *options = (nnt_train_options){.activation_count = 1,
                                 .activations = {NNT_RELU},
                                 .loss = NNT_CROSS_ENTROPY,
                                 .initializer = NNT_INIT_DEFAULT,
                                 .normalization = NNT_NORMALIZE_AUTO,
                                 .batch_size = 128,
                                 .epochs = 10,
                                 .seed = 1,
                                 .checkpoint_every = {NNT_EVERY_EPOCHS, 1},
                                 .accumulate = 1,
                                 .keep = 3,
                                 .check_every = 100,
                                 .watchdog = 600.0};
  nnt_optimizer_settings_default(NNT_SGD, &options->optimizer);
  nnt_schedule_settings_default(&options->schedule);
}

static nnt_status check_options(const nnt_train_options *options, nnt_error *error) {
  const char *wrong = nnt_methods_wrong(options);
  if (options->data.path == NULL) wrong = "data has no path";
  if (options->batch_size < 1) wrong = "batch_size is less than 1";
  if (options->epochs < 1 || options->epochs > INT32_MAX) wrong = "epochs is out of range";
  if (options->reading.memory_limit < 0) wrong = "memory_limit is negative";
  if (options->shuffling.block < 0 || options->shuffling.window < 0)
    wrong = "shuffling.block or window is negative";
  if (options->granules < 0 || options->granules > nnt_min_i64(options->batch_size, NNT_SUM_LEAVES))
    wrong = "granules is not between 1 and the batch size";
  if (options->accumulate < 1) wrong = "accumulate is less than 1";
  if (!isfinite(options->watchdog) || options->watchdog < 0.0)
    wrong = "watchdog is negative or not finite";
  if (options->check_every < 0) wrong = "check_every is negative";
  if (options->checkpoint_every.count < 1) wrong = "checkpoint_every is less than 1";
  if (!isfinite(options->time_limit) || options->time_limit < 0.0)
    wrong = "time_limit is negative or not finite";
  if (wrong == NULL) return nnt_check_accumulate(options, error);
  return nnt_fail(error, NNT_BAD_USAGE, "an option has an invalid value\n%s\ncorrect it", wrong);
}

/* Outputs of the network: classes, or columns of y. */
static nnt_status count_outputs(const run *r, int64_t *out, nnt_error *error) {
  const nnt_resident *data = r->data.train;
  *out = data->mode == NNT_READ_CLASSES ? data->classes : data->shape.y_columns;
  if (data->mode == NNT_READ_CLASSES && *out < 2)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "all samples have the same class\n%s\nclassification needs at least two "
                    "labels, 0 and 1; for numeric targets use --loss mse",
                    data->name);
  if (r->options->top_k > *out)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "top-k exceeds the number of classes\n--top-k %d with %" PRId64
                    " classes\ngive at most the number of classes",
                    r->options->top_k, *out);
  return NNT_OK;
}

static nnt_status copy_class_names(run *r, nnt_error *error) {
  const nnt_resident *data = r->data.train;
  nnt_model *model = &r->model;
  if (data->class_names == NULL || data->mode == NNT_READ_VALUES) return NNT_OK;
  size_t count = (size_t)data->shape.class_name_count, bytes = count * sizeof(char *);
  for (size_t i = 0; i < count; ++i) bytes += strlen(data->class_names[i]) + 1;
  model->class_names = malloc(bytes);
  if (model->class_names == NULL) return nnt_fail_memory(error, bytes, "class names");
  char *next = (char *)(model->class_names + count);
  for (size_t i = 0; i < count; ++i) {
    size_t length = strlen(data->class_names[i]) + 1;
    model->class_names[i] = next;
    memcpy(next, data->class_names[i], length);
    next += length;
  }
  model->class_name_count = (int64_t)count;
  return NNT_OK;
}

static nnt_status describe_model(run *r, nnt_error *error) {
  const nnt_train_options *options = r->options;
  int64_t outputs = 0;
  nnt_model *model = &r->model;
  model->loss = options->loss;
  model->target = r->data.train->mode == NNT_READ_CLASSES ? NNT_TARGET_CLASS : NNT_TARGET_VALUES;
  nnt_status status = count_outputs(r, &outputs, error);
  if (status == NNT_OK)
    status = nnt_model_set_layers(model, r->data.train->samples.features, options->hidden_count,
                                  options->hidden, options->activation_count, options->activations,
                                  outputs, error);
  nnt_regularize(&options->regularization, model);
  if (status == NNT_OK) status = nnt_freeze(options->freeze_count, options->freeze, model, error);
  model->augmentation.height = r->data.train->shape.height;
  model->augmentation.width = r->data.train->shape.width;
  if (status == NNT_OK) status = nnt_check_images(model, r->data.train->name, error);
  if (status == NNT_OK) status = nnt_model_allocate_normalization(model, error);
  if (status == NNT_OK) status = copy_class_names(r, error);
  return status;
}

static nnt_status check_validation(const run *r, nnt_error *error) {
  const nnt_resident *data = r->data.train, *validation = r->data.validation;
  if (validation == NULL) return NNT_OK;
  if (validation->samples.features != data->samples.features)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the validation set has another number of features\n%s: %" PRId64
                    " features, %s: %" PRId64 "\nuse data sets with the same features",
                    validation->name, validation->samples.features, data->name,
                    data->samples.features);
  if (validation->mode != data->mode ||
      (data->mode != NNT_READ_CLASSES && validation->shape.y_columns != data->shape.y_columns))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the validation set has different targets\n%s and %s\nuse data sets whose y "
                    "has the same type and shape",
                    validation->name, data->name);
  return nnt_resident_check_classes(validation, nnt_model_outputs(&r->model), r->model.class_names,
                                    r->model.class_name_count, error);
}

/* The normalisation of the checkpoint, or one computed from the data. */
static nnt_status normalize(run *r, nnt_error *error) {
  nnt_model *model = &r->model;
  const nnt_checkpoint *from = r->checkpoint;
  if (from == NULL && r->options->normalization == NNT_NORMALIZE_AUTO) from = r->start;
  if (from != NULL) {
    size_t bytes = (size_t)nnt_model_inputs(model) * sizeof(float);
    model->normalization = from->model.normalization;
    memcpy(model->shift, from->model.shift, bytes);
    memcpy(model->scale, from->model.scale, bytes);
    return NNT_OK;
  }
  if (r->options->dry_run)
    return nnt_input_statistics_settle(r->options->normalization, r->data.train, false,
                                       &model->normalization, error);
  return nnt_input_statistics_compute(r->comm, r->options->normalization, &r->data.sources[0],
                                      model, error);
}

/* Most partial sums of gradients on a rank. */
static int partial_sums(const run *r) {
  nnt_shares shares;
  nnt_error ignored;
  nnt_status status = nnt_shares_create(nnt_granules_of(r->options), 1, nnt_comm_size(r->comm), 0,
                                        0, &shares, &ignored);
  int most = status == NNT_OK ? shares.most : 1;
  if (status == NNT_OK) nnt_shares_clear(&shares);
  return most;
}

static void report_plan(const run *r) {
  const nnt_train_options *options = r->options;
  nnt_error ignored;
  int ranks = nnt_comm_size(r->comm);
  int64_t samples = r->data.train->samples.count;
  int64_t batch = nnt_min_i64(options->batch_size, samples);
  int64_t node_bytes = 0, rank_bytes = 0;
  if (r->events->plan == NULL || nnt_comm_rank(r->comm) != 0) return;
  int64_t least = batch, most = 0;
  for (int i = 0; i < ranks; ++i) {
    least = nnt_min_i64(least, nnt_shard_rows(options, batch, ranks, i));
    most = nnt_max_i64(most, nnt_shard_rows(options, batch, ranks, i));
  }
  nnt_trainer_bytes(&r->model, options, most, r->threads, partial_sums(r), &node_bytes,
                    &rank_bytes);
  nnt_train_plan plan = {
      .loss = options->loss,
      .normalization = r->model.normalization,
      .isa = nnt_kernel_isa(&ignored),
      .parameters = nnt_model_parameters(&r->model),
      .samples = samples,
      .validation_samples = r->data.validation != NULL ? r->data.validation->samples.count : 0,
      .batch_size = options->batch_size,
      .steps_per_epoch = nnt_ceil_div(samples, options->batch_size),
      .epochs = options->epochs,
      .finished_epochs = r->checkpoint != NULL ? r->checkpoint->state.epoch : 0,
      .finished_steps = r->checkpoint != NULL ? r->checkpoint->state.epoch_step : 0,
      .ranks = ranks,
      .nodes = nnt_comm_nodes(r->comm),
      .threads = r->threads,
      .shard_least = least,
      .shard_most = most,
      .streaming = r->data.plans[0].streaming,
      .validation_streaming = r->data.plans[1].streaming,
      .shuffling = r->data.plans[0].shuffling,
      .memory_limit = r->data.limit.bytes + r->data.weight_bytes,
      .node_data_bytes = r->data.plans[0].bytes + r->data.plans[1].bytes + r->data.weight_bytes,
      .node_model_bytes = node_bytes,
      .rank_bytes = rank_bytes,
      .node_ranks = nnt_comm_node_size(r->comm)};
  nnt_model_shape_text(&r->model, plan.shape, sizeof plan.shape);
  r->events->plan(r->events->context, &plan);
}

static nnt_status bind_threads(run *r, nnt_error *error) {
  nnt_status status = nnt_binding_create(r->comm, r->options->threads, &r->binding, error);
  if (status == NNT_OK) r->threads = nnt_binding_threads(r->binding);
  return status;
}

/* In a dry run the plan comes last, as it ends the output. */
static void report_start(const run *r) {
  if (r->options->dry_run) nnt_binding_report(r->binding, &r->events->log);
  report_plan(r);
  if (!r->options->dry_run) nnt_binding_report(r->binding, &r->events->log);
}

/* Data, checkpoint and model; errors in the input are found here. */
static nnt_status prepare(run *r, nnt_error *error) {
  nnt_status status = NNT_OK;
  if (r->options->reading.io == NNT_IO_COLLECTIVE) status = nnt_h5_can_collective(error);
  if (status == NNT_OK) status = bind_threads(r, error);
  if (status == NNT_OK) status = nnt_run_data_open(r->comm, r->options, &r->data, error);
  if (status == NNT_OK && r->options->resume && r->options->output != NULL)
    status = nnt_run_directory_newest(r->comm, r->options->output, &r->events->log, &r->checkpoint,
                                      error);
  if (status == NNT_OK && r->checkpoint == NULL && r->options->init_from != NULL)
    status = nnt_run_directory_open(r->comm, r->options->init_from, &r->start, error);
  const nnt_shuffling *before = r->checkpoint != NULL ? &r->checkpoint->state.shuffling : NULL;
  if (status == NNT_OK) status = nnt_run_data_plan(r->comm, r->options, before, &r->data, error);
  if (status == NNT_OK) status = nnt_run_data_load(r->comm, r->options, &r->data, error);
  if (status == NNT_OK) status = describe_model(r, error);
  if (status == NNT_OK) status = check_validation(r, error);
  if (status == NNT_OK && r->checkpoint != NULL)
    status = nnt_check_resume(r->checkpoint, &r->model, r->options, &r->data, error);
  if (status == NNT_OK && r->start != NULL)
    status = nnt_warm_start_check(r->options->init_from, r->start, &r->model, error);
  status = nnt_comm_agree(r->comm, status, error);
  if (status == NNT_OK) status = normalize(r, error);
  status = nnt_comm_agree(r->comm, status, error);
  if (status != NNT_OK || r->data.validation == NULL) return status;
  status = nnt_data_check_scale(r->data.validation, &r->model, error);
  return nnt_comm_agree(r->comm, status, error);
}

static nnt_status create_trainer(run *r, nnt_error *error) {
  double limit = r->options->time_limit;
  nnt_trainer_inputs inputs = {
      .options = r->options,
      .events = r->events,
      .threads = r->threads,
      .model = &r->model,
      .data = &r->data.sources[0],
      .validation = r->data.validation != NULL ? &r->data.sources[1] : NULL,
      .shuffling = r->data.plans[0].shuffling,
      .selection = r->data.selection,
      .data_digest = r->data.digest,
      .reader = r->data.reader,
      .checkpoint = r->checkpoint,
      .start = r->start,
      .deadline = limit > 0.0 ? r->started + limit : (double)INFINITY};
  return nnt_trainer_create(r->comm, &inputs, &r->trainer, error);
}

static nnt_status train(run *r, nnt_train_result *out, nnt_error *error) {
  nnt_status status = create_trainer(r, error);
  if (status == NNT_OK) status = nnt_trainer_run(r->trainer, error);
  if (status == NNT_OK) status = nnt_trainer_result(r->trainer, out, error);
  return nnt_comm_agree(r->comm, status, error);
}

/* Rank 0 creates the directory before any data are read, so that a wrong path fails at once. */
static nnt_status prepare_directory(const run *r, size_t *there, nnt_lock_file **lock,
                                    nnt_error *error) {
  const nnt_kernels *kernels = NULL;
  nnt_status status = nnt_kernels_choose(&kernels, error);
  bool first = status == NNT_OK && nnt_comm_rank(r->comm) == 0;
  if (first && r->options->dry_run && r->options->output != NULL)
    status = nnt_run_directory_check(r->options->output, r->options->resume, error);
  if (first && !r->options->dry_run)
    status = nnt_run_directory_prepare(r->options->output, r->options->resume, &r->events->log,
                                       there, lock, error);
  return nnt_comm_agree(r->comm, status, error);
}

static run open_run(nnt_comm *comm, const nnt_train_options *options,
                    const nnt_train_events *events) {
  static const nnt_train_events silent = {0};
  return (run){.comm = comm,
               .options = options,
               .events = events != NULL ? events : &silent,
               .started = nnt_clock_seconds()};
}

static void close_run(run *r) {
  nnt_trainer_destroy(&r->trainer);
  nnt_checkpoint_destroy(&r->checkpoint);
  nnt_checkpoint_destroy(&r->start);
  nnt_model_clear(&r->model);
  nnt_run_data_clear(&r->data);
  nnt_binding_destroy(&r->binding);
}

nnt_status nnt_train(nnt_comm *comm, const nnt_train_options *options,
                     const nnt_train_events *events, nnt_train_result *out, nnt_error *error) {
  run r = open_run(comm, options, events);
  size_t there = SIZE_MAX; /* of the output directory, before the run */
  nnt_lock_file *lock = NULL;
  memset(out, 0, sizeof *out);
  nnt_status status = check_options(options, error);
  if (status == NNT_OK && options->output == NULL && !options->dry_run)
    status = nnt_fail(error, NNT_BAD_USAGE, "no output\noutput has no path\ngive a directory");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = prepare_directory(&r, &there, &lock, error);
  if (status == NNT_OK) {
    status = prepare(&r, error);
    if (status == NNT_OK) report_start(&r);
    if (status == NNT_OK && !options->dry_run) status = train(&r, out, error);
  }
  close_run(&r); /* which also waits for a checkpoint that is being written */
  nnt_lock_file_release(&lock);
  if (status != NNT_OK && there < SIZE_MAX) nnt_run_directory_discard(options->output, there);
  return status;
}

nnt_status nnt_run_create(nnt_comm *comm, const nnt_train_options *options, nnt_run **out,
                          nnt_error *error) {
  *out = NULL;
  run *r = malloc(sizeof *r);
  nnt_status status = r != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *r, "a run");
  if (r != NULL) *r = open_run(comm, options, NULL);
  if (status == NNT_OK) status = check_options(options, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = prepare(r, error);
  if (status != NNT_OK) {
    nnt_run_destroy(&r);
    return status;
  }
  *out = r;
  return NNT_OK;
}

void nnt_run_destroy(nnt_run **r) {
  if (*r == NULL) return;
  close_run(*r);
  free(*r);
  *r = NULL;
}

nnt_status nnt_run_probe(nnt_run *r, nnt_allreduce allreduce, int threads, nnt_probe *probe,
                         char digest[65], nnt_error *error) {
  const nnt_train_options *given = r->options;
  nnt_train_options options = *given;
  nnt_train_result result;
  options.allreduce = allreduce;
  r->options = &options;
  r->threads = threads;
  nnt_status status = create_trainer(r, error);
  if (status == NNT_OK) status = nnt_trainer_probe(r->trainer, probe, error);
  if (status == NNT_OK) status = nnt_trainer_result(r->trainer, &result, error);
  if (status == NNT_OK) memcpy(digest, result.digest, sizeof result.digest);
  status = nnt_comm_agree(r->comm, status, error);
  nnt_trainer_destroy(&r->trainer);
  r->options = given;
  return status;
}
