/* nnt_evaluate and nnt_predict: a checkpoint applied to a data set. */
#include <inttypes.h>
#include <nntrain/evaluate.h>
#include <nntrain/file.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/partition.h"
#include "comm/binding.h"
#include "comm/comm.h"
#include "hdf5/h5.h"
#include "input/data_digest.h"
#include "input/resident.h"
#include "io/atomic_file.h"
#include "io/prediction_file.h"
#include "record/run_directory.h"
#include "score/evaluator.h"
#include "score/worst_samples.h"

static nnt_status check_width(const nnt_model *model, const nnt_resident *data, nnt_error *error) {
  if (data->samples.features == nnt_model_inputs(model)) return NNT_OK;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "the data set has another number of features\n%s: %" PRId64
                  " features, the network has %" PRId64
                  " inputs\nuse data with the features of the training set",
                  data->name, data->samples.features, nnt_model_inputs(model));
}

static nnt_status check_targets(const nnt_model *model, const nnt_resident *data,
                                nnt_error *error) {
  nnt_status status = check_width(model, data, error);
  if (status != NNT_OK) return status;
  bool classes = data->mode == NNT_READ_CLASSES;
  if (classes != (model->target == NNT_TARGET_CLASS) ||
      (!classes && data->shape.y_columns != nnt_model_outputs(model)))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the targets do not match the network\n%s: %s, %" PRId64
                    " columns\nuse data whose y has the type and shape of the training set",
                    data->name, classes ? "classes" : "values", data->shape.y_columns);
  return nnt_resident_check_classes(data, nnt_model_outputs(model), model->class_names,
                                    model->class_name_count, error);
}

/* A data set that is read in order. */
typedef struct input {
  nnt_resident *data;
  nnt_read_ahead *reader;
  nnt_data_source source;
} input;

static void close_input(input *from) {
  nnt_read_ahead_destroy(&from->reader);
  nnt_data_source_destroy(&from->source);
  nnt_resident_destroy(&from->data);
}

/* Collective; to be closed after an error too. */
static nnt_status open_input(nnt_comm *comm, const nnt_model *model,
                             const nnt_resident_request *request, const nnt_reading *reading,
                             input *from, nnt_error *error) {
  nnt_data_limit limit;
  nnt_memory_plan plan;
  nnt_status status = NNT_OK;
  if (reading->io == NNT_IO_COLLECTIVE) status = nnt_h5_can_collective(error);
  if (status == NNT_OK) status = nnt_resident_open(comm, request, &from->data, error);
  if (status == NNT_OK) status = nnt_data_limit_of(comm, reading, &limit, error);
  if (status != NNT_OK) return status;
  nnt_data_size size = nnt_data_source_size(from->data);
  status = nnt_memory_plan_pass(&limit, reading->mode, &size, &plan, error);
  if (status == NNT_OK && plan.streaming && reading->io == NNT_IO_INDEPENDENT)
    status = nnt_read_ahead_create(&from->reader, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_data_source_create(comm, from->data, &plan, reading->io, from->reader,
                                    &from->source, error);
  if (status != NNT_OK) return status;
  return nnt_comm_agree(comm, nnt_data_check_scale(from->data, model, error), error);
}

/* Computes the metrics and, if `scores` is given, the scores of a classifier. Collective. */
static nnt_status measure(nnt_comm *comm, nnt_evaluator *evaluator,
                          const nnt_checkpoint *checkpoint, const input *from, int64_t worst,
                          nnt_metrics *out, nnt_scores **scores, nnt_error *error) {
  const int64_t samples = from->data->samples.count;
  nnt_score_sheet *sheet = NULL;
  nnt_status status = NNT_OK;
  if (scores != NULL && nnt_model_classifies(&checkpoint->model))
    status = nnt_score_sheet_create(&checkpoint->model, samples, &sheet, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) {
    nnt_evaluator_set_sheet(evaluator, sheet);
    status = nnt_evaluator_run(evaluator, checkpoint->parameters, out, error);
  }
  if (status == NNT_OK && sheet != NULL)
    status = nnt_score_sheet_finish(comm, sheet, scores, error);
  if (status == NNT_OK && sheet != NULL && worst > 0)
    status = nnt_worst_samples_find(comm, evaluator, &checkpoint->model, checkpoint->parameters,
                                    from->data, &from->source, worst, *scores, error);
  nnt_score_sheet_destroy(&sheet);
  return status;
}

/* Moves the class names. */
static void take_names(nnt_model *model, nnt_scores *scores) {
  if (model->class_name_count != scores->classes) return;
  scores->class_names = model->class_names;
  model->class_names = NULL;
}

nnt_status nnt_evaluate(nnt_comm *comm, const nnt_evaluate_options *options, nnt_metrics *out,
                        nnt_scores **scores, nnt_error *error) {
  nnt_checkpoint *checkpoint = NULL;
  input from = {.data = NULL};
  nnt_evaluator *evaluator = NULL;
  int threads = 0;
  if (scores != NULL) *scores = NULL;
  nnt_status status = nnt_run_directory_open(comm, options->checkpoint, &checkpoint, error);
  if (status != NNT_OK) return status;
  const nnt_model *model = &checkpoint->model;
  nnt_resident_request request = {
      .place = {options->data.path, options->data.group, options->x_name, options->y_name, NULL},
      .loss = &model->loss,
      .selection = options->selection};
  status = open_input(comm, model, &request, &options->reading, &from, error);
  if (status == NNT_OK) status = nnt_binding_settle(comm, options->threads, &threads, error);
  if (status == NNT_OK) {
    status = check_targets(model, from.data, error);
    if (status == NNT_OK && options->top_k > nnt_model_outputs(model))
      status = nnt_fail(error, NNT_BAD_USAGE,
                        "top-k exceeds the number of classes\n--top-k %d with %" PRId64
                        " classes\ngive at most the number of classes",
                        options->top_k, nnt_model_outputs(model));
    if (status == NNT_OK)
      status = nnt_evaluator_create(comm, model, &from.source, threads, options->top_k, &evaluator,
                                    error);
    status = nnt_comm_agree(comm, status, error);
  }
  if (status == NNT_OK)
    status = measure(comm, evaluator, checkpoint, &from, options->worst, out, scores, error);
  if (status == NNT_OK && scores != NULL && *scores != NULL)
    take_names(&checkpoint->model, *scores);
  nnt_evaluator_destroy(&evaluator);
  close_input(&from);
  nnt_checkpoint_destroy(&checkpoint);
  return status;
}

/* A running prediction. */
typedef struct prediction {
  nnt_comm *comm;
  nnt_evaluator *evaluator;
  nnt_read_ahead *reader;
  const float *parameters;
  int64_t active; /* ranks that compute in a round: as many as have samples in memory */
  int64_t samples, outputs;
  float *block; /* [NNT_EVALUATION_BLOCK, outputs] */
  const nnt_resident *data;
  nnt_prediction_file *file; /* rank 0 */
} prediction;

/* Rank 0's part of a round: writes the blocks of all ranks in order. After a failed write the
 * blocks are still received, to avoid a deadlock. */
static nnt_status write_round(prediction *p, int64_t round, nnt_error *error) {
  nnt_status status = NNT_OK;
  for (int from = 0; from < p->active; ++from) {
    int64_t first = (round * p->active + from) * NNT_EVALUATION_BLOCK;
    if (first >= p->samples) break;
    int64_t count = nnt_min_i64(NNT_EVALUATION_BLOCK, p->samples - first);
    nnt_status received = NNT_OK;
    if (from > 0)
      received = nnt_comm_receive(p->comm, from, p->block,
                                  (size_t)(count * p->outputs) * sizeof(float), error);
    if (received != NNT_OK) return received;
    int64_t rows[NNT_EVALUATION_BLOCK];
    for (int64_t i = 0; i < count; ++i) rows[i] = nnt_resident_row(p->data, first + i);
    nnt_read_ahead_pause(p->reader);
    if (status == NNT_OK)
      status = nnt_prediction_file_append(p->file, first, count, p->block, rows, error);
    nnt_read_ahead_resume(p->reader);
  }
  return status;
}

/* Round `round`: rank r computes block round * active + r; rank 0 writes them in order. */
static nnt_status run_round(prediction *p, int64_t round, nnt_error *error) {
  int rank = nnt_comm_rank(p->comm);
  int64_t first = round * p->active * NNT_EVALUATION_BLOCK;
  nnt_status status =
      nnt_evaluator_bring(p->evaluator, first, p->active * NNT_EVALUATION_BLOCK, error);
  if (status != NNT_OK) return status;
  int64_t own = first + rank * (int64_t)NNT_EVALUATION_BLOCK;
  if (rank < p->active && own < p->samples) {
    int64_t count = nnt_min_i64(NNT_EVALUATION_BLOCK, p->samples - own);
    nnt_evaluator_outputs(p->evaluator, p->parameters, own, count, p->block);
    if (rank != 0)
      status =
          nnt_comm_send(p->comm, 0, p->block, (size_t)(count * p->outputs) * sizeof(float), error);
  }
  return rank == 0 ? write_round(p, round, error) : status;
}

static nnt_status write_predictions(prediction *p, nnt_error *error) {
  int64_t blocks = nnt_ceil_div(p->samples, NNT_EVALUATION_BLOCK);
  int64_t rounds = nnt_ceil_div(blocks, p->active);
  nnt_status status = NNT_OK;
  for (int64_t round = 0; round < rounds && status == NNT_OK; ++round) {
    status = run_round(p, round, error);
    status = nnt_comm_agree(p->comm, status, error);
  }
  if (status == NNT_OK && nnt_comm_rank(p->comm) == 0)
    status = nnt_prediction_file_commit(&p->file, error);
  return nnt_comm_agree(p->comm, status, error);
}

static nnt_status predict_with(nnt_comm *comm, const nnt_predict_options *options,
                               const nnt_checkpoint *checkpoint, const input *from,
                               nnt_error *error) {
  const nnt_model *model = &checkpoint->model;
  prediction p = {.comm = comm,
                  .reader = from->reader,
                  .parameters = checkpoint->parameters,
                  .active = nnt_min_i64(nnt_comm_size(comm),
                                        nnt_data_source_most(&from->source) / NNT_EVALUATION_BLOCK),
                  .samples = from->data->samples.count,
                  .outputs = nnt_model_outputs(model),
                  .data = from->data};
  void *block = NULL;
  int threads = 0;
  p.active = nnt_max_i64(p.active, 1);
  nnt_status status = nnt_binding_settle(comm, options->threads, &threads, error);
  if (status == NNT_OK) status = check_width(model, from->data, error);
  if (status == NNT_OK)
    status = nnt_memory_allocate((size_t)(NNT_EVALUATION_BLOCK * p.outputs) * sizeof(float),
                                 "predictions", &block, error);
  p.block = block;
  if (status == NNT_OK)
    status = nnt_evaluator_create(comm, model, &from->source, threads, 0, &p.evaluator, error);
  if (status == NNT_OK && nnt_comm_rank(comm) == 0)
    status = nnt_prediction_file_create(options->output, model, from->data->selected != NULL,
                                        &p.file, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = write_predictions(&p, error);
  nnt_read_ahead_pause(from->reader);
  nnt_prediction_file_abandon(&p.file);
  nnt_read_ahead_resume(from->reader);
  nnt_evaluator_destroy(&p.evaluator);
  nnt_memory_free(&block);
  return status;
}

nnt_status nnt_predict(nnt_comm *comm, const nnt_predict_options *options, nnt_predict_result *out,
                       nnt_error *error) {
  nnt_checkpoint *checkpoint = NULL;
  input from = {.data = NULL};
  nnt_status status = nnt_file_check_other(options->output, options->data.path, error);
  if (status == NNT_OK) status = nnt_file_check_other(options->output, options->checkpoint, error);
  if (status == NNT_OK && nnt_comm_rank(comm) == 0)
    status = nnt_file_check_output(options->output, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_run_directory_open(comm, options->checkpoint, &checkpoint, error);
  if (status != NNT_OK) return status;
  nnt_resident_request request = {
      .place = {options->data.path, options->data.group, options->x_name, options->y_name, NULL},
      .selection = options->selection};
  status = open_input(comm, &checkpoint->model, &request, &options->reading, &from, error);
  if (status == NNT_OK) {
    *out = (nnt_predict_result){.samples = from.data->samples.count,
                                .outputs = nnt_model_outputs(&checkpoint->model),
                                .classification = nnt_model_classifies(&checkpoint->model)};
    status = predict_with(comm, options, checkpoint, &from, error);
  }
  close_input(&from);
  nnt_checkpoint_destroy(&checkpoint);
  return status;
}
