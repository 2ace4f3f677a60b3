/* When a run saves and when it stops. */
#include "train/agenda.h"

#include <math.h>
#include <nntrain/stop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "comm/notice.h"

/* What the notes count. */
enum { NOTE_STOP, NOTE_TIME, NOTE_SAVE };

struct nnt_agenda {
  nnt_interval every;
  nnt_stepper *stepper;
  nnt_notice *notice; /* NULL: every rank has a part of the gradients */
  bool leads;         /* rank 0 */
  bool alone;
  bool travels; /* this rank's notes do */
  double deadline;
  double saved;        /* when a checkpoint was begun last */
  double noted;        /* when the running step began */
  double longest_step; /* seconds */
  double longest_save;
  bool out_of_time; /* all ranks have agreed on it */
};

nnt_status nnt_agenda_create(nnt_comm *comm, const nnt_train_options *options, nnt_stepper *stepper,
                             double deadline, double save_seconds, nnt_agenda **out,
                             nnt_error *error) {
  double now = nnt_clock_seconds();
  int64_t granules = nnt_granules_of(options);
  *out = NULL;
  nnt_agenda *agenda = calloc(1, sizeof *agenda);
  nnt_status status = agenda != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *agenda, "training");
  if (agenda != NULL) {
    *agenda = (nnt_agenda){.every = options->checkpoint_every,
                           .stepper = stepper,
                           .leads = nnt_comm_rank(comm) == 0,
                           .alone = nnt_comm_size(comm) == 1,
                           .travels = nnt_stepper_notes_travel(stepper),
                           .deadline = deadline,
                           .saved = now,
                           .longest_save = save_seconds};
  }
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK && granules > 0 && granules < nnt_comm_size(comm))
    status = nnt_notice_create(comm, &agenda->notice, error);
  if (status != NNT_OK) {
    nnt_agenda_destroy(&agenda);
    return status;
  }
  *out = agenda;
  return NNT_OK;
}

void nnt_agenda_destroy(nnt_agenda **agenda) {
  if (*agenda == NULL) return;
  nnt_notice_destroy(&(*agenda)->notice);
  free(*agenda);
  *agenda = NULL;
}

/* The step to come may take as long as the longest before, and the checkpoint as the longest. Where
 * other ranks have to know, there is the step that tells them, too. */
static bool is_out_of_time(const nnt_agenda *agenda) {
  if (!agenda->leads || !isfinite(agenda->deadline)) return false;
  double steps = agenda->alone ? 1.5 : 2.5;
  double needed = steps * agenda->longest_step + 2.0 * agenda->longest_save;
  return nnt_clock_seconds() + needed >= agenda->deadline;
}

static bool is_time_to_save(const nnt_agenda *agenda) {
  return agenda->every.unit == NNT_EVERY_SECONDS &&
         nnt_clock_seconds() - agenda->saved >= (double)agenda->every.count;
}

void nnt_agenda_note(nnt_agenda *agenda) {
  if (agenda == NULL) return;
  float *notes = nnt_stepper_notes(agenda->stepper);
  bool asked = nnt_stop_requested() != 0;
  agenda->noted = nnt_clock_seconds();
  if (agenda->notice != NULL && agenda->leads) asked = nnt_notice_arrived(agenda->notice) || asked;
  if (asked && !agenda->travels) nnt_notice_send(agenda->notice);
  notes[NOTE_STOP] = asked ? 1.0F : 0.0F;
  notes[NOTE_TIME] = is_out_of_time(agenda) ? 1.0F : 0.0F;
  notes[NOTE_SAVE] = agenda->leads && is_time_to_save(agenda) ? 1.0F : 0.0F;
}

nnt_verdict nnt_agenda_read(nnt_agenda *agenda, int64_t step) {
  const float *notes = nnt_stepper_notes(agenda->stepper);
  nnt_verdict verdict = {false, false};
  double seconds = nnt_clock_seconds() - agenda->noted;
  if (seconds > agenda->longest_step) agenda->longest_step = seconds;
  if (agenda->alone)
    nnt_agenda_note(agenda); /* nobody else needs to know: the latest word counts */
  agenda->out_of_time = notes[NOTE_TIME] > 0.0F;
  verdict.stop = notes[NOTE_STOP] > 0.0F || agenda->out_of_time;
  verdict.save = notes[NOTE_SAVE] > 0.0F;
  if (agenda->every.unit == NNT_EVERY_STEPS) verdict.save = step % agenda->every.count == 0;
  return verdict;
}

bool nnt_agenda_is_due(const nnt_agenda *agenda, int64_t epoch) {
  if (agenda->every.unit == NNT_EVERY_EPOCHS) return epoch % agenda->every.count == 0;
  return is_time_to_save(agenda);
}

void nnt_agenda_saved(nnt_agenda *agenda, double longest) {
  agenda->saved = nnt_clock_seconds();
  if (longest > 0.0) agenda->longest_save = longest;
}

bool nnt_agenda_wants_stop(const void *agenda) {
  return nnt_stop_requested() != 0 || is_out_of_time(agenda);
}

void nnt_agenda_describe(const nnt_agenda *agenda, char *text, size_t size) {
  int reason = nnt_stop_requested();
  const char *name = reason == SIGTERM   ? "SIGTERM"
                     : reason == SIGINT  ? "SIGINT"
                     : reason == SIGUSR1 ? "SIGUSR1"
                                         : NULL;
  if (name != NULL)
    (void)snprintf(text, size, "by %s", name);
  else if (reason != 0)
    (void)snprintf(text, size, "by request %d", reason);
  else if (agenda->out_of_time || is_out_of_time(agenda))
    (void)snprintf(text, size, "ahead of the time limit");
  else
    (void)snprintf(text, size, "by a signal to another rank");
}
