/* Synchronous data-parallel mini-batch SGD. */
#include "train/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/partition.h"
#include "guard/watchdog.h"
#include "layers/layer_kind.h"
#include "layers/network.h"
#include "net/initialize.h"
#include "net/optimizer.h"
#include "net/schedule.h"
#include "record/recorder.h"
#include "score/evaluator.h"
#include "step/replica_check.h"
#include "step/step.h"
#include "train/stopwatch.h"
#include "train/warm_start.h"

struct nnt_trainer {
  nnt_comm *comm;
  nnt_trainer_inputs in;
  const nnt_samples *samples;
  nnt_stepper *stepper;
  nnt_replica_check *copies; /* NULL: not compared */
  nnt_probe *probe;          /* NULL: a whole run */
  nnt_schedule schedule;
  nnt_evaluator *validation; /* or NULL */
  nnt_train_state state;
  nnt_history_entry *history; /* [options->epochs] */
  double epoch_began;         /* as if the epoch had not been interrupted */
  nnt_stopwatch stopwatch;
  nnt_recorder *recorder;         /* NULL: nothing is written */
  nnt_watchdog *watchdog;         /* or NULL */
  const nnt_heartbeat *heartbeat; /* the watchdog's, or NULL */
  double *monitored; /* [options->epochs]: each epoch's validation loss, else train loss */
};

void nnt_trainer_bytes(const nnt_model *model, const nnt_train_options *options, int64_t rows,
                       int threads, int partials, int64_t *node, int64_t *rank) {
  int64_t arena = nnt_layout_of(model).floats * (int64_t)sizeof(float);
  int64_t common = arena * (1 + nnt_optimizer_slots(&options->optimizer));
  bool shared = options->allreduce == NNT_ALLREDUCE_AUTO;
  *node = shared ? common : 0;
  int64_t arenas = partials; /* plus one for the current part, and the stack of part sums */
  for (int64_t k = options->accumulate; k > 1; k /= 2) arenas += k / 2 > 1 ? 1 : 2;
  rows = nnt_ceil_div(rows, options->accumulate);
  *rank = arena * arenas + (shared ? 0 : common) +
          (int64_t)nnt_network_bytes(model, rows, true, threads);
}

static void start_state(nnt_trainer *trainer) {
  const nnt_train_options *options = trainer->in.options;
  trainer->state = (nnt_train_state){.seed = options->seed,
                                     .batch_size = options->batch_size,
                                     .granules = nnt_granules_of(options),
                                     .samples = trainer->samples->count,
                                     .shuffling = trainer->in.shuffling,
                                     .initializer = options->initializer,
                                     .best_loss = (double)INFINITY};
  (void)snprintf(trainer->state.selection, sizeof trainer->state.selection, "%s",
                 trainer->in.selection);
  if (!nnt_stepper_writes(trainer->stepper)) return;
  const nnt_layout *layout = nnt_stepper_layout(trainer->stepper);
  float *parameters = nnt_stepper_parameters(trainer->stepper);
  nnt_initialize(layout, options->initializer, options->seed, parameters);
  if (trainer->in.start != NULL) nnt_warm_start_copy(trainer->in.start, layout, parameters);
}

static double monitored_of(const nnt_history_entry *entry) {
  return isnan(entry->validation_loss) ? entry->train_loss : entry->validation_loss;
}

static void resume_state(nnt_trainer *trainer) {
  const nnt_checkpoint *from = trainer->in.checkpoint;
  size_t bytes = (size_t)nnt_stepper_layout(trainer->stepper)->floats * sizeof(float);
  trainer->state = from->state;
  trainer->state.shuffling = trainer->in.shuffling;
  if (from->history_count > 0)
    memcpy(trainer->history, from->history, (size_t)from->history_count * sizeof *trainer->history);
  for (int64_t i = 0; i < from->history_count; ++i)
    trainer->monitored[i] = monitored_of(&from->history[i]);
  nnt_schedule_note(&trainer->schedule, trainer->monitored, trainer->state.epoch);
  nnt_stepper_go_on(trainer->stepper, from->state.step);
  if (!nnt_stepper_writes(trainer->stepper)) return;
  memcpy(nnt_stepper_parameters(trainer->stepper), from->parameters, bytes);
  for (int s = 0; s < NNT_OPTIMIZER_SLOTS; ++s) {
    float *slot = nnt_stepper_state(trainer->stepper, s);
    if (slot != NULL && from->slots[s] != NULL) memcpy(slot, from->slots[s], bytes);
  }
}

static nnt_status allocate(nnt_trainer *trainer, nnt_error *error) {
  const nnt_trainer_inputs *in = &trainer->in;
  int64_t finished = in->checkpoint != NULL ? in->checkpoint->state.epoch : 0;
  void *history = NULL, *monitored = NULL;
  nnt_status status = nnt_memory_allocate(
      (size_t)nnt_max_i64(in->options->epochs, finished) * sizeof(nnt_history_entry), "the history",
      &history, error);
  trainer->history = history;
  if (status == NNT_OK)
    status =
        nnt_memory_allocate((size_t)nnt_max_i64(in->options->epochs, finished) * sizeof(double),
                            "the history", &monitored, error);
  trainer->monitored = monitored;
  if (status == NNT_OK && in->validation != NULL)
    status = nnt_evaluator_create(trainer->comm, in->model, in->validation, in->threads,
                                  in->options->top_k, &trainer->validation, error);
  status = nnt_comm_agree(trainer->comm, status, error);
  if (status != NNT_OK) return status;
  status = nnt_stepper_create(trainer->comm, in->model, trainer->samples, in->options, in->threads,
                              &trainer->stepper, error);
  if (status != NNT_OK || in->options->check_every == 0) return status;
  return nnt_replica_check_create(trainer->comm, trainer->stepper, in->threads, &trainer->copies,
                                  error);
}

static nnt_schedule schedule_of(const nnt_trainer *trainer) {
  const nnt_train_options *options = trainer->in.options;
  return nnt_schedule_make(
      &options->schedule, options->optimizer.learning_rate, options->batch_size,
      nnt_ceil_div(trainer->samples->count, options->batch_size), options->epochs);
}

nnt_status nnt_trainer_create(nnt_comm *comm, const nnt_trainer_inputs *inputs, nnt_trainer **out,
                              nnt_error *error) {
  *out = NULL;
  nnt_trainer *trainer = calloc(1, sizeof *trainer);
  nnt_status status =
      trainer != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *trainer, "training");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) {
    trainer->comm = comm;
    trainer->in = *inputs;
    trainer->samples = nnt_data_source_samples(inputs->data);
    trainer->schedule = schedule_of(trainer);
    status = allocate(trainer, error);
  }
  if (status == NNT_OK) {
    if (inputs->checkpoint != NULL)
      resume_state(trainer);
    else
      start_state(trainer);
    (void)snprintf(trainer->state.data_digest, sizeof trainer->state.data_digest, "%s",
                   inputs->data_digest);
    status = nnt_stepper_sync(trainer->stepper, error);
  }
  if (status != NNT_OK) {
    nnt_trainer_destroy(&trainer);
    return status;
  }
  *out = trainer;
  return NNT_OK;
}

void nnt_trainer_destroy(nnt_trainer **trainer) {
  if (*trainer == NULL) return;
  nnt_watchdog_destroy(&(*trainer)->watchdog);
  nnt_recorder_destroy(&(*trainer)->recorder);
  nnt_evaluator_destroy(&(*trainer)->validation);
  nnt_replica_check_destroy(&(*trainer)->copies);
  nnt_stepper_destroy(&(*trainer)->stepper);
  free((*trainer)->history);
  free((*trainer)->monitored);
  free(*trainer);
  *trainer = NULL;
}

static nnt_status fail_non_finite(const nnt_trainer *trainer, const char *what, nnt_error *error) {
  return nnt_fail(error, NNT_NON_FINITE,
                  "%s\nepoch %" PRId64 ", step %" PRId64
                  ", --learning-rate %g\nlower the learning rate, or normalise the inputs; earlier "
                  "checkpoints are kept",
                  what, trainer->state.epoch + 1, trainer->state.step + 1,
                  trainer->in.options->optimizer.learning_rate);
}

static void record_loss(nnt_probe *probe, double loss) {
  if (probe->done == 0) probe->started = nnt_clock_seconds();
  if (probe->done > 0)
    probe->step_seconds = (nnt_clock_seconds() - probe->started) / (double)probe->done;
  probe->losses[probe->done++] = loss;
}

static nnt_status compare_copies(const nnt_trainer *trainer, nnt_error *error) {
  nnt_heartbeat_phase(trainer->heartbeat, NNT_PHASE_EXCHANGE);
  return nnt_replica_check_compare(trainer->copies, trainer->state.step, error);
}

/* One update from `batch` samples at position `first` of the order; *loss is their mean loss. */
static nnt_status train_step(nnt_trainer *trainer, const nnt_sample_order *order, int64_t first,
                             int64_t batch, double *loss, nnt_error *error) {
  const nnt_train_options *options = trainer->in.options;
  double rate = nnt_schedule_at(&trainer->schedule, trainer->state.step);
  nnt_heartbeat_phase(trainer->heartbeat, NNT_PHASE_READING);
  nnt_status status = nnt_data_source_need(trainer->in.data, first, batch, error);
  nnt_recorder_set_flags(trainer->recorder);
  if (status == NNT_OK)
    status = nnt_stepper_run(trainer->stepper, order, first, batch, rate, loss,
                             nnt_stopwatch_lap(&trainer->stopwatch), error);
  if (status != NNT_OK) return status;
  nnt_stopwatch_record(&trainer->stopwatch);
  if (trainer->probe != NULL) record_loss(trainer->probe, *loss);
  if (!isfinite(*loss)) return fail_non_finite(trainer, "the loss is not a finite number", error);
  ++trainer->state.step;
  ++trainer->state.epoch_step;
  trainer->state.epoch_loss += *loss * (double)batch;
  nnt_watchdog_record_state(trainer->watchdog, &trainer->state);
  bool due = trainer->copies != NULL && trainer->state.step % options->check_every == 0;
  return due ? compare_copies(trainer, error) : NNT_OK;
}

static void report_step(const nnt_trainer *trainer, int64_t samples) {
  const nnt_train_events *events = trainer->in.events;
  const nnt_train_state *state = &trainer->state;
  if (events->step == NULL || nnt_comm_rank(trainer->comm) != 0) return;
  nnt_step_event event = {.epoch = state->epoch + 1,
                          .epochs = trainer->in.options->epochs,
                          .step = state->epoch_step,
                          .steps = nnt_ceil_div(state->samples, state->batch_size),
                          .total_step = state->step,
                          .loss = state->epoch_loss / (double)samples,
                          .seconds = nnt_clock_seconds() - trainer->epoch_began,
                          .samples = samples};
  /* Output to a terminal may block for long. */
  nnt_heartbeat_phase(trainer->heartbeat, NNT_PHASE_SAVING);
  events->step(events->context, &event);
  nnt_heartbeat_phase(trainer->heartbeat, NNT_PHASE_COMPUTING);
}

static bool probe_is_done(const nnt_trainer *trainer) {
  return trainer->probe != NULL && trainer->probe->done >= trainer->probe->steps;
}

/* The order of an epoch, counted from 0. */
static nnt_sample_order order_of(const nnt_trainer *trainer, int64_t epoch) {
  return nnt_sample_order_make(&trainer->state.shuffling, trainer->samples->count,
                               trainer->state.seed, epoch);
}

static void start_pass(nnt_trainer *trainer, const nnt_sample_order *order) {
  nnt_sample_order next = order_of(trainer, trainer->state.epoch + 1);
  bool last = trainer->state.epoch + 1 >= trainer->in.options->epochs;
  nnt_data_source_start(trainer->in.data, order, last ? NULL : &next);
}

/* A gradient can overflow while the loss is still finite; such weights are not saved. */
static nnt_status check_parameters(const nnt_trainer *trainer, nnt_error *error) {
  const float *parameters = nnt_stepper_parameters(trainer->stepper);
  for (int64_t i = 0; i < nnt_stepper_layout(trainer->stepper)->tail; ++i) {
    if (!isfinite(parameters[i]))
      return fail_non_finite(trainer, "a weight is not a finite number", error);
  }
  return NNT_OK;
}

/* Checks before a checkpoint. */
static nnt_status check_copies(nnt_trainer *trainer, nnt_error *error) {
  nnt_status status = check_parameters(trainer, error);
  return status == NNT_OK ? compare_copies(trainer, error) : status;
}

static nnt_recorded as_it_stands(nnt_trainer *trainer) {
  nnt_train_state *state = &trainer->state;
  state->epoch_seconds = state->epoch_step > 0 ? nnt_clock_seconds() - trainer->epoch_began : 0.0;
  return (nnt_recorded){.state = state, .history = trainer->history};
}

/* Writes a checkpoint after a step if due; `last`: of the epoch. Errors: NNT_STOPPED, all ranks. */
static nnt_status keep_step(nnt_trainer *trainer, bool last, nnt_error *error) {
  bool due = false;
  if (trainer->recorder == NULL) return NNT_OK;
  nnt_recorded now = as_it_stands(trainer);
  nnt_status status = nnt_recorder_step(trainer->recorder, &now, last, &due, error);
  if (status != NNT_OK || !due) return status;
  status = check_copies(trainer, error);
  if (status == NNT_OK) nnt_recorder_save(trainer->recorder, &now, false);
  return status;
}

/* The remaining steps of an epoch; fills the event's loss, samples per second and times. */
static nnt_status train_epoch(nnt_trainer *trainer, nnt_epoch_event *epoch, nnt_error *error) {
  const int64_t samples = trainer->samples->count;
  const int64_t batch_size = trainer->in.options->batch_size;
  nnt_sample_order order = order_of(trainer, trainer->state.epoch);
  trainer->epoch_began = nnt_clock_seconds() - trainer->state.epoch_seconds;
  start_pass(trainer, &order);
  nnt_stopwatch_start(&trainer->stopwatch, nnt_ceil_div(samples, batch_size),
                      nnt_data_source_waited(trainer->in.data));
  for (int64_t first = trainer->state.epoch_step * batch_size;
       first < samples && !probe_is_done(trainer); first += batch_size) {
    int64_t batch = nnt_min_i64(batch_size, samples - first);
    double loss = 0.0;
    nnt_status status = train_step(trainer, &order, first, batch, &loss, error);
    if (status != NNT_OK) return status;
    report_step(trainer, first + batch);
    status = keep_step(trainer, first + batch == samples, error);
    if (status != NNT_OK) return status;
  }
  epoch->train_loss = trainer->state.epoch_loss / (double)samples;
  double seconds = nnt_clock_seconds() - trainer->epoch_began;
  epoch->samples_per_second = (double)samples / seconds;
  epoch->times =
      nnt_stopwatch_read(&trainer->stopwatch, seconds, nnt_data_source_waited(trainer->in.data));
  return NNT_OK;
}

/* The epoch is finished, or abandoned by a probe. */
static void leave_epoch(nnt_train_state *state) {
  ++state->epoch;
  state->epoch_step = 0;
  state->epoch_loss = 0.0;
  state->epoch_seconds = 0.0;
}

/* The same on all ranks, as all know the losses. */
static bool is_over(const nnt_trainer *trainer) {
  const nnt_train_options *options = trainer->in.options;
  return nnt_early_stop(trainer->monitored, trainer->state.epoch, options->patience,
                        options->min_delta);
}

/* Records the epoch in state and history, and whether it is the best so far. */
static void finish_epoch(nnt_trainer *trainer, nnt_epoch_event *event) {
  double loss = event->has_validation ? event->validation.loss : event->train_loss;
  double none = (double)NAN;
  event->best = loss < trainer->state.best_loss;
  if (event->best) {
    trainer->state.best_loss = loss;
    trainer->state.best_epoch = event->epoch;
  }
  trainer->history[trainer->state.epoch] = (nnt_history_entry){
      .epoch = event->epoch,
      .train_loss = event->train_loss,
      .validation_loss = event->has_validation ? event->validation.loss : none,
      .validation_accuracy = event->has_validation ? event->validation.accuracy : none};
  event->step = trainer->state.step;
  trainer->monitored[event->epoch - 1] = loss;
  leave_epoch(&trainer->state);
  nnt_schedule_note(&trainer->schedule, trainer->monitored, trainer->state.epoch);
  event->last = event->epoch == event->epochs || is_over(trainer);
}

static nnt_status run_epoch(nnt_trainer *trainer, nnt_error *error) {
  nnt_epoch_event event = {.epoch = trainer->state.epoch + 1,
                           .epochs = trainer->in.options->epochs,
                           .has_validation = trainer->validation != NULL,
                           .ranks = nnt_comm_size(trainer->comm),
                           .threads = trainer->in.threads};
  nnt_status status = train_epoch(trainer, &event, error);
  if (status == NNT_OK) status = check_copies(trainer, error);
  nnt_heartbeat_phase(trainer->heartbeat, NNT_PHASE_VALIDATION);
  double began = nnt_clock_seconds();
  if (status == NNT_OK && event.has_validation)
    status = nnt_evaluator_run(trainer->validation, nnt_stepper_parameters(trainer->stepper),
                               &event.validation, error);
  if (status != NNT_OK) return status;
  if (event.has_validation) event.times.validation = nnt_clock_seconds() - began;
  event.learning_rate = nnt_schedule_at(&trainer->schedule, trainer->state.step - 1);
  finish_epoch(trainer, &event);
  event.seconds = nnt_clock_seconds() - trainer->epoch_began;
  nnt_recorded now = as_it_stands(trainer);
  nnt_recorder_epoch(trainer->recorder, &now, &event);
  return NNT_OK;
}

/* Called now and then during an evaluation. */
static bool wants_stop(const void *context) {
  const nnt_trainer *trainer = context;
  nnt_heartbeat_progress(trainer->heartbeat);
  return nnt_recorder_wants_stop(trainer->recorder);
}

static nnt_status start_watchdog(nnt_trainer *trainer, nnt_error *error) {
  const nnt_trainer_inputs *in = &trainer->in;
  nnt_watchdog_plan plan = {.emergency = {.options = in->options,
                                          .model = in->model,
                                          .stepper = trainer->stepper,
                                          .history = trainer->history},
                            .events = in->events,
                            .recorder = trainer->recorder,
                            .reader = in->reader,
                            .updates = trainer->state.step};
  nnt_status status = nnt_watchdog_create(trainer->comm, &plan, &trainer->watchdog, error);
  trainer->heartbeat = nnt_watchdog_heartbeat(trainer->watchdog);
  nnt_stepper_watch(trainer->stepper, trainer->heartbeat);
  nnt_recorder_watch(trainer->recorder, trainer->heartbeat);
  return status;
}

static nnt_status start_run(nnt_trainer *trainer, nnt_error *error) {
  const nnt_trainer_inputs *in = &trainer->in;
  nnt_recorded now = {.state = &trainer->state, .history = trainer->history};
  nnt_recorder_plan plan = {.options = in->options,
                            .events = in->events,
                            .model = in->model,
                            .stepper = trainer->stepper,
                            .reader = in->reader,
                            .deadline = in->deadline,
                            .resumed = in->checkpoint != NULL};
  nnt_status status = nnt_recorder_create(trainer->comm, &plan, &now, &trainer->recorder, error);
  if (status == NNT_OK && trainer->validation != NULL)
    nnt_evaluator_set_stop(trainer->validation, wants_stop, trainer);
  return status == NNT_OK ? start_watchdog(trainer, error) : status;
}

nnt_status nnt_trainer_run(nnt_trainer *trainer, nnt_error *error) {
  nnt_status status = start_run(trainer, error);
  while (status == NNT_OK && trainer->state.epoch < trainer->in.options->epochs &&
         !is_over(trainer))
    status = run_epoch(trainer, error);
  nnt_recorded now = as_it_stands(trainer);
  if (status == NNT_OK) return nnt_recorder_finish(trainer->recorder, &now, error);
  if (status == NNT_STOPPED) {
    status = check_copies(trainer, error);
    return status == NNT_OK ? nnt_recorder_stop(trainer->recorder, &now, error) : status;
  }
  /* Earlier checkpoints are on disk when the run returns. */
  nnt_error ignored;
  nnt_status saved = NNT_OK;
  if (trainer->recorder != NULL) saved = nnt_recorder_finish(trainer->recorder, NULL, &ignored);
  (void)saved;
  return status;
}

nnt_status nnt_trainer_probe(nnt_trainer *trainer, nnt_probe *probe, nnt_error *error) {
  nnt_epoch_event ignored;
  nnt_status status = NNT_OK;
  trainer->probe = probe;
  while (status == NNT_OK && !probe_is_done(trainer)) {
    status = train_epoch(trainer, &ignored, error);
    leave_epoch(&trainer->state);
  }
  return status == NNT_OK ? compare_copies(trainer, error) : status;
}

nnt_status nnt_trainer_result(nnt_trainer *trainer, nnt_train_result *out, nnt_error *error) {
  out->epochs = trainer->state.epoch;
  out->best_epoch = trainer->state.best_epoch;
  out->best_loss = trainer->state.best_loss;
  out->stopped_early = trainer->state.epoch < trainer->in.options->epochs;
  return nnt_layout_digest(nnt_stepper_layout(trainer->stepper),
                           nnt_stepper_parameters(trainer->stepper), out->digest, error);
}
