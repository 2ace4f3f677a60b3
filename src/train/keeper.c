/* What a run keeps, and when. */
#include "train/keeper.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/message.h"
#include "base/partition.h"
#include "train/agenda.h"
#include "train/event_file.h"
#include "train/metrics_log.h"
#include "train/run_directory.h"
#include "train/saver.h"

/* Bytes that are written in a second, and seconds for the rest, to guess how long the first
 * checkpoint takes. */
#define WRITE_RATE 1e8
#define WRITE_SECONDS 0.2

struct nnt_keeper {
  nnt_comm *comm;
  nnt_keeper_plan plan;
  const nnt_pulse *pulse; /* NULL: nobody watches */
  nnt_agenda *agenda;
  nnt_saver *saver; /* rank 0's; NULL on the others */
  nnt_metrics_log metrics;
  bool config_due;                 /* config.ini is to be written, with the first checkpoint */
  bool board_due;                  /* an event file is to be made, with the first line */
  nnt_event_file *board;           /* NULL: none */
  int64_t first_step;              /* that was done when this process began */
  int64_t saved_epoch, saved_step; /* where the last checkpoint was made; -1: there is none */
  bool due;                        /* the checkpoint of a step is put off to the epoch's end */
};

static int64_t steps_of(const nnt_train_state *state) {
  return nnt_ceil_div(state->samples, state->batch_size);
}

/* What rank 0 needs. */
static nnt_status start(nnt_keeper *keeper, const nnt_kept *now, nnt_error *error) {
  const nnt_train_options *options = keeper->plan.options;
  const nnt_log *log = &keeper->plan.events->log;
  nnt_error ignored;
  nnt_saver_plan plan = {.output = options->output,
                         .keep = options->keep,
                         .model = keeper->plan.model,
                         .optimizer = options->optimizer,
                         .slots = nnt_optimizer_slots(&options->optimizer),
                         .reader = keeper->plan.reader,
                         .at_once = options->reading.io == NNT_IO_COLLECTIVE,
                         .from = keeper->plan.resumed ? now->state : NULL,
                         .run_file = options->run_file,
                         .log = log};
  if (keeper->plan.resumed &&
      nnt_run_directory_point(options->output, now->state, &ignored) != NNT_OK)
    nnt_message(log, NNT_LOG_WARNING, "%s: %s; training goes on", ignored.what, ignored.where);
  nnt_status status = nnt_metrics_log_open(options->output, now->history, now->state->epoch,
                                           steps_of(now->state), &keeper->metrics, error);
  keeper->config_due = options->run_file != NULL;
  keeper->board_due = options->tensorboard;
  keeper->first_step = now->state->step;
  return status == NNT_OK ? nnt_saver_create(&plan, &keeper->saver, error) : status;
}

nnt_status nnt_keeper_create(nnt_comm *comm, const nnt_keeper_plan *plan, const nnt_kept *now,
                             nnt_keeper **out, nnt_error *error) {
  double bytes = (double)nnt_layout_of(plan->model).floats * (double)sizeof(float) *
                 (1.0 + nnt_optimizer_slots(&plan->options->optimizer));
  *out = NULL;
  nnt_keeper *keeper = calloc(1, sizeof *keeper);
  nnt_status status = keeper != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *keeper, "training");
  if (keeper != NULL) {
    keeper->comm = comm;
    keeper->plan = *plan;
    keeper->saved_epoch = plan->resumed ? now->state->epoch : -1;
    keeper->saved_step = now->state->step;
    if (nnt_comm_rank(comm) == 0) status = start(keeper, now, error);
  }
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_agenda_create(comm, plan->options, plan->stepper, plan->deadline,
                               bytes / WRITE_RATE + WRITE_SECONDS, &keeper->agenda, error);
  if (status != NNT_OK) {
    nnt_keeper_destroy(&keeper);
    return status;
  }
  *out = keeper;
  return NNT_OK;
}

void nnt_keeper_destroy(nnt_keeper **keeper) {
  if (*keeper == NULL) return;
  nnt_saver_destroy(&(*keeper)->saver);
  nnt_metrics_log_close(&(*keeper)->metrics);
  nnt_event_file_destroy(&(*keeper)->board);
  nnt_agenda_destroy(&(*keeper)->agenda);
  free(*keeper);
  *keeper = NULL;
}

void nnt_keeper_watch(nnt_keeper *keeper, const nnt_pulse *pulse) {
  keeper->pulse = pulse;
}

void nnt_keeper_note(nnt_keeper *keeper) {
  if (keeper != NULL) nnt_agenda_note(keeper->agenda);
}

bool nnt_keeper_wants_stop(const void *keeper) {
  return nnt_agenda_wants_stop(((const nnt_keeper *)keeper)->agenda);
}

bool nnt_keeper_rests_within(nnt_keeper *keeper, double seconds) {
  return keeper->saver == NULL || nnt_saver_rests_within(keeper->saver, seconds);
}

nnt_status nnt_keeper_step(nnt_keeper *keeper, const nnt_kept *now, bool last, bool *save,
                           nnt_error *error) {
  nnt_verdict verdict = nnt_agenda_read(keeper->agenda, now->state->step);
  if (keeper->saver != NULL) nnt_saver_report(keeper->saver);
  keeper->due = verdict.save && last;
  *save = verdict.save && !last;
  if (!verdict.stop) return NNT_OK;
  return nnt_fail(error, NNT_STOPPED, "stopped\nafter a step\ngo on with --resume");
}

/* What cannot be written now is tried again with the next checkpoint; those hold it, too. */
static void keep_config(nnt_keeper *keeper) {
  const nnt_train_options *options = keeper->plan.options;
  nnt_error ignored;
  keeper->config_due =
      nnt_run_directory_keep_config(options->output, options->run_file, &ignored) != NNT_OK;
}

static void save(nnt_keeper *keeper, const nnt_kept *now, bool best) {
  if (keeper->config_due) keep_config(keeper);
  nnt_stepper *stepper = keeper->plan.stepper;
  const float *slots[NNT_OPTIMIZER_SLOTS];
  for (int i = 0; i < NNT_OPTIMIZER_SLOTS; ++i) slots[i] = nnt_stepper_state(stepper, i);
  nnt_saver_submit(keeper->saver, now->state, now->history, nnt_stepper_parameters(stepper), slots,
                   best);
  nnt_agenda_saved(keeper->agenda, nnt_saver_longest(keeper->saver));
  keeper->saved_epoch = now->state->epoch;
  keeper->saved_step = now->state->step;
}

void nnt_keeper_save(nnt_keeper *keeper, const nnt_kept *now, bool best) {
  if (keeper->saver == NULL) return;
  nnt_pulse_phase(keeper->pulse, NNT_PHASE_SAVING);
  save(keeper, now, best);
  nnt_pulse_phase(keeper->pulse, NNT_PHASE_COMPUTING);
}

/* A run that fails before leaves no file behind. */
static void note_events(nnt_keeper *keeper, const nnt_epoch_event *event) {
  const char *output = keeper->plan.options->output;
  nnt_error error;
  nnt_status status = NNT_OK;
  if (keeper->board_due)
    status = nnt_event_file_create(output, keeper->first_step, &keeper->board, &error);
  keeper->board_due = false;
  if (keeper->board != NULL) status = nnt_event_file_append(keeper->board, event, &error);
  if (status == NNT_OK) return;
  nnt_message(&keeper->plan.events->log, NNT_LOG_WARNING, "%s: %s; training goes on without them",
              error.what, error.where);
  nnt_event_file_destroy(&keeper->board);
}

/* The line comes first: a checkpoint never is ahead of the metrics. */
void nnt_keeper_epoch(nnt_keeper *keeper, const nnt_kept *now, const nnt_epoch_event *event) {
  const nnt_train_events *events = keeper->plan.events;
  nnt_error error;
  if (keeper->saver == NULL) return;
  nnt_pulse_phase(keeper->pulse, NNT_PHASE_SAVING);
  bool due =
      keeper->due || event->best || event->last || nnt_agenda_is_due(keeper->agenda, event->epoch);
  if (nnt_metrics_log_append(&keeper->metrics, event, &error) != NNT_OK)
    nnt_message(&events->log, NNT_LOG_WARNING,
                "%s: %s; training goes on, the line of epoch %" PRId64 " waits", error.what,
                error.where, event->epoch);
  note_events(keeper, event);
  if (due) save(keeper, now, event->best);
  keeper->due = false;
  nnt_saver_report(keeper->saver);
  if (events->epoch != NULL) events->epoch(events->context, event);
  nnt_pulse_phase(keeper->pulse, NNT_PHASE_COMPUTING);
}

/* On rank 0. `now` as in nnt_keeper_finish. */
static nnt_status finish(nnt_keeper *keeper, const nnt_kept *now, nnt_error *error) {
  nnt_error why;
  bool saved = now == NULL ||
               (keeper->saved_epoch == now->state->epoch && keeper->saved_step == now->state->step);
  nnt_pulse_phase(keeper->pulse, NNT_PHASE_SAVING);
  if (!saved) save(keeper, now, false);
  nnt_status status = nnt_saver_finish(keeper->saver, &why);
  if (status == NNT_OK) return nnt_metrics_log_flush(&keeper->metrics, error);
  return nnt_fail(error, status,
                  "a checkpoint could not be written: %.150s\n%.500s\nmake space, then go on with "
                  "--resume from the checkpoint before",
                  why.what, why.where);
}

nnt_status nnt_keeper_finish(nnt_keeper *keeper, const nnt_kept *now, nnt_error *error) {
  nnt_status status = keeper->saver != NULL ? finish(keeper, now, error) : NNT_OK;
  nnt_pulse_phase(keeper->pulse, NNT_PHASE_EXCHANGE);
  return nnt_comm_agree(keeper->comm, status, error);
}

nnt_status nnt_keeper_stop(nnt_keeper *keeper, const nnt_kept *now, nnt_error *error) {
  const nnt_train_state *state = now->state;
  char name[NNT_CHECKPOINT_NAME], reason[64];
  nnt_agenda_describe(keeper->agenda, reason, sizeof reason);
  nnt_status status = nnt_keeper_finish(keeper, now, error);
  if (status != NNT_OK) return status;
  nnt_run_directory_file_name(state, name);
  status = nnt_fail(error, NNT_STOPPED,
                    "stopped %s\nepoch %" PRId64 ", step %" PRId64 " of %" PRId64
                    ", all of it in %.400s/%s\ngo on with --resume",
                    reason, state->epoch + 1, state->epoch_step, steps_of(state),
                    keeper->plan.options->output, name);
  return nnt_comm_agree(keeper->comm, status, error);
}
