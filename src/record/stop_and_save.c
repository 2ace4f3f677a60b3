/* When a run writes checkpoints and when it stops. */
#include "record/stop_and_save.h"

#include <math.h>
#include <nntrain/stop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "comm/stop_message.h"

/* Control flags; after the exchange > 0 where any rank has set them. */
enum { FLAG_STOP, FLAG_TIME, FLAG_SAVE };

struct nnt_stop_and_save {
  nnt_interval every;
  nnt_stepper *stepper;
  nnt_stop_message *message; /* NULL: every rank has a share of the batch */
  bool leads;                /* rank 0 */
  bool alone;
  bool sends_flags; /* this rank's flags are sent with its gradients */
  double deadline;
  double saved;        /* time at which the last checkpoint was begun */
  double step_began;   /* time at which the current step began */
  double longest_step; /* seconds */
  double longest_save;
  bool out_of_time; /* all ranks have agreed on it */
};

nnt_status nnt_stop_and_save_create(nnt_comm *comm, const nnt_train_options *options,
                                    nnt_stepper *stepper, double deadline, double save_seconds,
                                    nnt_stop_and_save **out, nnt_error *error) {
  double now = nnt_clock_seconds();
  int64_t granules = nnt_granules_of(options);
  *out = NULL;
  nnt_stop_and_save *control = calloc(1, sizeof *control);
  nnt_status status =
      control != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *control, "training");
  if (control != NULL) {
    *control = (nnt_stop_and_save){.every = options->checkpoint_every,
                                   .stepper = stepper,
                                   .leads = nnt_comm_rank(comm) == 0,
                                   .alone = nnt_comm_size(comm) == 1,
                                   .sends_flags = nnt_stepper_notes_travel(stepper),
                                   .deadline = deadline,
                                   .saved = now,
                                   .longest_save = save_seconds};
  }
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK && granules > 0 && granules < nnt_comm_size(comm))
    status = nnt_stop_message_create(comm, &control->message, error);
  if (status != NNT_OK) {
    nnt_stop_and_save_destroy(&control);
    return status;
  }
  *out = control;
  return NNT_OK;
}

void nnt_stop_and_save_destroy(nnt_stop_and_save **control) {
  if (*control == NULL) return;
  nnt_stop_message_destroy(&(*control)->message);
  free(*control);
  *control = NULL;
}

/* Whether another step and a checkpoint, each estimated from the longest so far, would miss the
 * deadline. */
static bool is_out_of_time(const nnt_stop_and_save *control) {
  if (!control->leads || !isfinite(control->deadline)) return false;
  double needed = 1.5 * control->longest_step + 2.0 * control->longest_save;
  return nnt_clock_seconds() + needed >= control->deadline;
}

static bool is_time_to_save(const nnt_stop_and_save *control) {
  return control->every.unit == NNT_EVERY_SECONDS &&
         nnt_clock_seconds() - control->saved >= (double)control->every.count;
}

void nnt_stop_and_save_set_flags(nnt_stop_and_save *control) {
  if (control == NULL) return;
  float *flags = nnt_stepper_notes(control->stepper);
  bool requested = nnt_stop_requested() != 0;
  control->step_began = nnt_clock_seconds();
  if (control->message != NULL && control->leads)
    requested = nnt_stop_message_arrived(control->message) || requested;
  if (requested && !control->sends_flags) nnt_stop_message_send(control->message);
  flags[FLAG_STOP] = requested ? 1.0F : 0.0F;
  flags[FLAG_TIME] = is_out_of_time(control) ? 1.0F : 0.0F;
  flags[FLAG_SAVE] = control->leads && is_time_to_save(control) ? 1.0F : 0.0F;
}

nnt_verdict nnt_stop_and_save_read_flags(nnt_stop_and_save *control, int64_t step) {
  const float *flags = nnt_stepper_notes(control->stepper);
  nnt_verdict verdict = {false, false};
  double seconds = nnt_clock_seconds() - control->step_began;
  if (seconds > control->longest_step) control->longest_step = seconds;
  if (control->alone)
    nnt_stop_and_save_set_flags(control); /* no other rank has to agree: use the latest flags */
  control->out_of_time = flags[FLAG_TIME] > 0.0F;
  verdict.stop = flags[FLAG_STOP] > 0.0F || control->out_of_time;
  verdict.save = flags[FLAG_SAVE] > 0.0F;
  if (control->every.unit == NNT_EVERY_STEPS) verdict.save = step % control->every.count == 0;
  return verdict;
}

bool nnt_stop_and_save_is_due(const nnt_stop_and_save *control, int64_t epoch) {
  if (control->every.unit == NNT_EVERY_EPOCHS) return epoch % control->every.count == 0;
  return is_time_to_save(control);
}

void nnt_stop_and_save_saved(nnt_stop_and_save *control, double longest) {
  control->saved = nnt_clock_seconds();
  if (longest > 0.0) control->longest_save = longest;
}

bool nnt_stop_and_save_wants_stop(const void *control) {
  return nnt_stop_requested() != 0 || is_out_of_time(control);
}

void nnt_stop_and_save_describe(const nnt_stop_and_save *control, char *text, size_t size) {
  int reason = nnt_stop_requested();
  const char *name = reason == SIGTERM   ? "SIGTERM"
                     : reason == SIGINT  ? "SIGINT"
                     : reason == SIGUSR1 ? "SIGUSR1"
                                         : NULL;
  if (name != NULL)
    (void)snprintf(text, size, "by %s", name);
  else if (reason != 0)
    (void)snprintf(text, size, "by request %d", reason);
  else if (control->out_of_time || is_out_of_time(control))
    (void)snprintf(text, size, "ahead of the time limit");
  else
    (void)snprintf(text, size, "by a signal to another rank");
}
