/* When a run writes checkpoints and when it stops. */
#include "record/stop_and_save.h"

#include <math.h>
#include <nntrain/stop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "comm/stop_message.h"

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
  nnt_stop_and_save *policy = calloc(1, sizeof *policy);
  nnt_status status = policy != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *policy, "training");
  if (policy != NULL) {
    *policy = (nnt_stop_and_save){.every = options->checkpoint_every,
                                  .stepper = stepper,
                                  .leads = nnt_comm_rank(comm) == 0,
                                  .alone = nnt_comm_size(comm) == 1,
                                  .sends_flags = nnt_stepper_control_travels(stepper),
                                  .deadline = deadline,
                                  .saved = now,
                                  .longest_save = save_seconds};
  }
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK && granules > 0 && granules < nnt_comm_size(comm))
    status = nnt_stop_message_create(comm, &policy->message, error);
  if (status != NNT_OK) {
    nnt_stop_and_save_destroy(&policy);
    return status;
  }
  *out = policy;
  return NNT_OK;
}

void nnt_stop_and_save_destroy(nnt_stop_and_save **policy) {
  if (*policy == NULL) return;
  nnt_stop_message_destroy(&(*policy)->message);
  free(*policy);
  *policy = NULL;
}

/* Whether another step and a checkpoint, each estimated from the longest so far, would miss the
 * deadline. Where other ranks have to know, there is the step that tells them, too. */
static bool is_out_of_time(const nnt_stop_and_save *policy) {
  if (!policy->leads || !isfinite(policy->deadline)) return false;
  double steps = policy->alone ? 1.5 : 2.5;
  double needed = steps * policy->longest_step + 2.0 * policy->longest_save;
  return nnt_clock_seconds() + needed >= policy->deadline;
}

static bool is_time_to_save(const nnt_stop_and_save *policy) {
  return policy->every.unit == NNT_EVERY_SECONDS &&
         nnt_clock_seconds() - policy->saved >= (double)policy->every.count;
}

void nnt_stop_and_save_set_flags(nnt_stop_and_save *policy) {
  if (policy == NULL) return;
  nnt_step_control *flags = nnt_stepper_control(policy->stepper);
  bool requested = nnt_stop_requested() != 0;
  policy->step_began = nnt_clock_seconds();
  if (policy->message != NULL && policy->leads)
    requested = nnt_stop_message_arrived(policy->message) || requested;
  if (requested && !policy->sends_flags) nnt_stop_message_send(policy->message);
  flags->stop = requested ? 1.0F : 0.0F;
  flags->out_of_time = is_out_of_time(policy) ? 1.0F : 0.0F;
  flags->save = policy->leads && is_time_to_save(policy) ? 1.0F : 0.0F;
}

nnt_verdict nnt_stop_and_save_read_flags(nnt_stop_and_save *policy, int64_t step) {
  const nnt_step_control *flags = nnt_stepper_control(policy->stepper);
  nnt_verdict verdict = {false, false};
  double seconds = nnt_clock_seconds() - policy->step_began;
  if (seconds > policy->longest_step) policy->longest_step = seconds;
  if (policy->alone)
    nnt_stop_and_save_set_flags(policy); /* no other rank has to agree: use the latest flags */
  policy->out_of_time = flags->out_of_time > 0.0F;
  verdict.stop = flags->stop > 0.0F || policy->out_of_time;
  verdict.save = flags->save > 0.0F;
  if (policy->every.unit == NNT_EVERY_STEPS) verdict.save = step % policy->every.count == 0;
  return verdict;
}

bool nnt_stop_and_save_is_due(const nnt_stop_and_save *policy, int64_t epoch) {
  if (policy->every.unit == NNT_EVERY_EPOCHS) return epoch % policy->every.count == 0;
  return is_time_to_save(policy);
}

void nnt_stop_and_save_saved(nnt_stop_and_save *policy, double longest) {
  policy->saved = nnt_clock_seconds();
  if (longest > 0.0) policy->longest_save = longest;
}

bool nnt_stop_and_save_wants_stop(const void *policy) {
  return nnt_stop_requested() != 0 || is_out_of_time(policy);
}

void nnt_stop_and_save_describe(const nnt_stop_and_save *policy, char *text, size_t size) {
  int reason = nnt_stop_requested();
  const char *name = reason == SIGTERM   ? "SIGTERM"
                     : reason == SIGINT  ? "SIGINT"
                     : reason == SIGUSR1 ? "SIGUSR1"
                                         : NULL;
  if (name != NULL)
    (void)snprintf(text, size, "by %s", name);
  else if (reason != 0)
    (void)snprintf(text, size, "by request %d", reason);
  else if (policy->out_of_time || is_out_of_time(policy))
    (void)snprintf(text, size, "ahead of the time limit");
  else
    (void)snprintf(text, size, "by a signal to another rank");
}
