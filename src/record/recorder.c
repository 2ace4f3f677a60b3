/* Checkpoints and metrics of a run. */
#include "record/recorder.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/message.h"
#include "base/partition.h"
#include "layers/layer_kind.h"
#include "record/checkpoint_writer.h"
#include "record/metrics_log.h"
#include "record/run_directory.h"
#include "record/stop_and_save.h"
#include "record/tensorboard_file.h"

/* Write rate in bytes per second and fixed seconds, to estimate how long the first checkpoint
 * takes. */
#define WRITE_RATE 1e8
#define WRITE_SECONDS 0.2

struct nnt_recorder {
  nnt_comm *comm;
  nnt_recorder_plan plan;
  const nnt_heartbeat *heartbeat; /* NULL: no watchdog */
  nnt_stop_and_save *policy;
  nnt_checkpoint_writer *writer; /* rank 0's; NULL on the others */
  nnt_metrics_log metrics;
  bool config_due;                   /* config.ini is written with the first checkpoint */
  bool tensorboard_due;              /* an event file is created with the first line */
  nnt_tensorboard_file *tensorboard; /* NULL: none */
  int64_t first_step;                /* steps done before this process started */
  int64_t saved_epoch, saved_step;   /* of the last checkpoint; -1: none */
  bool due;                          /* a checkpoint is postponed to the epoch's end */
};

static int64_t steps_of(const nnt_train_state *state) {
  return nnt_ceil_div(state->samples, state->batch_size);
}

/* Rank 0's part of the creation. */
static nnt_status start(nnt_recorder *recorder, const nnt_recorded *now, nnt_error *error) {
  const nnt_train_options *options = recorder->plan.options;
  const nnt_log *log = &recorder->plan.events->log;
  nnt_error ignored;
  nnt_checkpoint_writer_plan plan = {.output = options->output,
                                     .keep = options->keep,
                                     .model = recorder->plan.model,
                                     .optimizer = options->optimizer,
                                     .slots = nnt_optimizer_slots(&options->optimizer),
                                     .reader = recorder->plan.reader,
                                     .at_once = options->reading.io == NNT_IO_COLLECTIVE,
                                     .from = recorder->plan.resumed ? now->state : NULL,
                                     .run_file = options->run_file,
                                     .log = log};
  if (recorder->plan.resumed &&
      nnt_run_directory_point(options->output, now->state, &ignored) != NNT_OK)
    nnt_message(log, NNT_LOG_WARNING, "%s: %s; training continues", ignored.what, ignored.where);
  nnt_status status = nnt_metrics_log_open(options->output, now->history, now->state->epoch,
                                           steps_of(now->state), &recorder->metrics, error);
  recorder->config_due = options->run_file != NULL;
  recorder->tensorboard_due = options->tensorboard;
  recorder->first_step = now->state->step;
  return status == NNT_OK ? nnt_checkpoint_writer_create(&plan, &recorder->writer, error) : status;
}

nnt_status nnt_recorder_create(nnt_comm *comm, const nnt_recorder_plan *plan,
                               const nnt_recorded *now, nnt_recorder **out, nnt_error *error) {
  double bytes = (double)nnt_layout_of(plan->model).floats * (double)sizeof(float) *
                 (1.0 + nnt_optimizer_slots(&plan->options->optimizer));
  *out = NULL;
  nnt_recorder *recorder = calloc(1, sizeof *recorder);
  nnt_status status =
      recorder != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *recorder, "training");
  if (recorder != NULL) {
    recorder->comm = comm;
    recorder->plan = *plan;
    recorder->saved_epoch = plan->resumed ? now->state->epoch : -1;
    recorder->saved_step = now->state->step;
    if (nnt_comm_rank(comm) == 0) status = start(recorder, now, error);
  }
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_stop_and_save_create(comm, plan->options, plan->stepper, plan->deadline,
                                      bytes / WRITE_RATE + WRITE_SECONDS, &recorder->policy, error);
  if (status != NNT_OK) {
    nnt_recorder_destroy(&recorder);
    return status;
  }
  *out = recorder;
  return NNT_OK;
}

void nnt_recorder_destroy(nnt_recorder **recorder) {
  if (*recorder == NULL) return;
  nnt_checkpoint_writer_destroy(&(*recorder)->writer);
  nnt_metrics_log_close(&(*recorder)->metrics);
  nnt_tensorboard_file_destroy(&(*recorder)->tensorboard);
  nnt_stop_and_save_destroy(&(*recorder)->policy);
  free(*recorder);
  *recorder = NULL;
}

void nnt_recorder_watch(nnt_recorder *recorder, const nnt_heartbeat *heartbeat) {
  recorder->heartbeat = heartbeat;
}

void nnt_recorder_set_flags(nnt_recorder *recorder) {
  if (recorder != NULL) nnt_stop_and_save_set_flags(recorder->policy);
}

bool nnt_recorder_wants_stop(const void *recorder) {
  return nnt_stop_and_save_wants_stop(((const nnt_recorder *)recorder)->policy);
}

bool nnt_recorder_idle_within(nnt_recorder *recorder, double seconds) {
  return recorder->writer == NULL || nnt_checkpoint_writer_idle_within(recorder->writer, seconds);
}

nnt_status nnt_recorder_step(nnt_recorder *recorder, const nnt_recorded *now, bool last, bool *save,
                             nnt_error *error) {
  nnt_verdict verdict = nnt_stop_and_save_read_flags(recorder->policy, now->state->step);
  if (recorder->writer != NULL) nnt_checkpoint_writer_report(recorder->writer);
  recorder->due = verdict.save && last;
  *save = verdict.save && !last;
  if (!verdict.stop) return NNT_OK;
  return nnt_fail(error, NNT_STOPPED, "stopped\nafter a step\ncontinue with --resume");
}

/* A failed write is retried with the next checkpoint; checkpoints contain the run file, too. */
static void keep_config(nnt_recorder *recorder) {
  const nnt_train_options *options = recorder->plan.options;
  nnt_error ignored;
  recorder->config_due =
      nnt_run_directory_keep_config(options->output, options->run_file, &ignored) != NNT_OK;
}

static void save(nnt_recorder *recorder, const nnt_recorded *now, bool best) {
  if (recorder->config_due) keep_config(recorder);
  nnt_stepper *stepper = recorder->plan.stepper;
  const float *slots[NNT_OPTIMIZER_SLOTS];
  for (int i = 0; i < NNT_OPTIMIZER_SLOTS; ++i) slots[i] = nnt_stepper_state(stepper, i);
  nnt_checkpoint_writer_submit(recorder->writer, now->state, now->history,
                               nnt_stepper_parameters(stepper), slots, best);
  nnt_stop_and_save_saved(recorder->policy, nnt_checkpoint_writer_longest(recorder->writer));
  recorder->saved_epoch = now->state->epoch;
  recorder->saved_step = now->state->step;
}

void nnt_recorder_save(nnt_recorder *recorder, const nnt_recorded *now, bool best) {
  if (recorder->writer == NULL) return;
  nnt_heartbeat_phase(recorder->heartbeat, NNT_PHASE_SAVING);
  save(recorder, now, best);
  nnt_heartbeat_phase(recorder->heartbeat, NNT_PHASE_COMPUTING);
}

/* The file is created late: a run that fails before its first line leaves none behind. */
static void log_tensorboard(nnt_recorder *recorder, const nnt_epoch_event *event) {
  const char *output = recorder->plan.options->output;
  nnt_error error;
  nnt_status status = NNT_OK;
  if (recorder->tensorboard_due)
    status =
        nnt_tensorboard_file_create(output, recorder->first_step, &recorder->tensorboard, &error);
  recorder->tensorboard_due = false;
  if (recorder->tensorboard != NULL)
    status = nnt_tensorboard_file_append(recorder->tensorboard, event, &error);
  if (status == NNT_OK) return;
  nnt_message(&recorder->plan.events->log, NNT_LOG_WARNING, "%s: %s; training continues without",
              error.what, error.where);
  nnt_tensorboard_file_destroy(&recorder->tensorboard);
}

/* The line is written first: a checkpoint must never be ahead of the metrics. */
void nnt_recorder_epoch(nnt_recorder *recorder, const nnt_recorded *now,
                        const nnt_epoch_event *event) {
  const nnt_train_events *events = recorder->plan.events;
  nnt_error error;
  if (recorder->writer == NULL) return;
  nnt_heartbeat_phase(recorder->heartbeat, NNT_PHASE_SAVING);
  bool due = recorder->due || event->best || event->last ||
             nnt_stop_and_save_is_due(recorder->policy, event->epoch);
  if (nnt_metrics_log_append(&recorder->metrics, event, &error) != NNT_OK)
    nnt_message(&events->log, NNT_LOG_WARNING,
                "%s: %s; training continues, epoch %" PRId64 " will be written later", error.what,
                error.where, event->epoch);
  log_tensorboard(recorder, event);
  if (due) save(recorder, now, event->best);
  recorder->due = false;
  nnt_checkpoint_writer_report(recorder->writer);
  if (events->epoch != NULL) events->epoch(events->context, event);
  nnt_heartbeat_phase(recorder->heartbeat, NNT_PHASE_COMPUTING);
}

/* Rank 0's part of nnt_recorder_finish. */
static nnt_status finish(nnt_recorder *recorder, const nnt_recorded *now, nnt_error *error) {
  nnt_error why;
  bool saved = now == NULL || (recorder->saved_epoch == now->state->epoch &&
                               recorder->saved_step == now->state->step);
  nnt_heartbeat_phase(recorder->heartbeat, NNT_PHASE_SAVING);
  if (!saved) save(recorder, now, false);
  nnt_status status = nnt_checkpoint_writer_finish(recorder->writer, &why);
  if (status == NNT_OK) return nnt_metrics_log_flush(&recorder->metrics, error);
  return nnt_fail(error, status,
                  "a checkpoint could not be written: %.150s\n%.500s\nfree space, then continue "
                  "with --resume from the previous checkpoint",
                  why.what, why.where);
}

nnt_status nnt_recorder_finish(nnt_recorder *recorder, const nnt_recorded *now, nnt_error *error) {
  nnt_status status = recorder->writer != NULL ? finish(recorder, now, error) : NNT_OK;
  nnt_heartbeat_phase(recorder->heartbeat, NNT_PHASE_EXCHANGE);
  return nnt_comm_agree(recorder->comm, status, error);
}

nnt_status nnt_recorder_stop(nnt_recorder *recorder, const nnt_recorded *now, nnt_error *error) {
  const nnt_train_state *state = now->state;
  char name[NNT_CHECKPOINT_NAME], reason[64];
  nnt_stop_and_save_describe(recorder->policy, reason, sizeof reason);
  nnt_status status = nnt_recorder_finish(recorder, now, error);
  if (status != NNT_OK) return status;
  nnt_run_directory_file_name(state, name);
  status = nnt_fail(error, NNT_STOPPED,
                    "stopped %s\nepoch %" PRId64 ", step %" PRId64 " of %" PRId64
                    ", saved in %.400s/%s\ncontinue with --resume",
                    reason, state->epoch + 1, state->epoch_step, steps_of(state),
                    recorder->plan.options->output, name);
  return nnt_comm_agree(recorder->comm, status, error);
}
