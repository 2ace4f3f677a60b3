/* What 'nntrain train' prints while it runs. */
#include "cli/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/last_exit.h"

/* Seconds between updates of the progress bar. */
#define REDRAW 0.1
#define BAR_WIDTH 24
#define CLEAR_LINE "\r\033[K"

/* "1:02:03" or "2:03" */
static void format_time(double seconds, char text[32]) {
  int64_t s = (int64_t)(seconds + 0.5);
  if (s >= 3600)
    (void)snprintf(text, 32, "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600, s / 60 % 60, s % 60);
  else
    (void)snprintf(text, 32, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
}

static void format_bytes(double bytes, char text[32]) {
  static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
  int unit = 0;
  for (; bytes >= 1000.0 && unit < 4; ++unit) bytes /= 1000.0;
  (void)snprintf(text, 32, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

progress progress_create(bool quiet) {
  return (progress){.quiet = quiet, .terminal = isatty(STDERR_FILENO) != 0};
}

static void clear_bar(const progress *state) {
  if (state->terminal && !state->quiet) (void)fputs(CLEAR_LINE, stderr);
}

static const char *order_name(nnt_shuffle shuffle) {
  return shuffle == NNT_SHUFFLE_NONE ? "no shuffle" : "windowed shuffle";
}

/* "streaming, windowed shuffle: two windows of 5000 samples in blocks of 5, ..." */
static void print_streaming(const nnt_train_plan *plan) {
  char held[32], limit[32];
  format_bytes((double)plan->node_data_bytes, held);
  format_bytes((double)plan->memory_limit, limit);
  printf("streaming, %s: two windows of %" PRId64 " samples in blocks of %" PRId64
         ", %s of data per node (limit %s)\n",
         order_name(plan->shuffling.kind), plan->shuffling.window, plan->shuffling.block, held,
         limit);
}

static void on_plan(void *context, const nnt_train_plan *plan) {
  progress *state = context;
  state->samples = plan->samples;
  if (state->quiet) return;
  printf("nntrain: %s, %" PRId64 " parameters, %s, %" PRId64 " samples, batch %" PRId64
         ", %d rank%s x %d thread%s on %d node%s, %s kernels\n",
         plan->shape, plan->parameters, nnt_loss_name(plan->loss), plan->samples, plan->batch_size,
         plan->ranks, plan->ranks == 1 ? "" : "s", plan->threads, plan->threads == 1 ? "" : "s",
         plan->nodes, plan->nodes == 1 ? "" : "s", plan->isa);
  if (plan->streaming) print_streaming(plan);
  if (plan->finished_steps > 0)
    printf("resuming after epoch %" PRId64 ", step %" PRId64 " of %" PRId64 "\n",
           plan->finished_epochs, plan->finished_steps, plan->steps_per_epoch);
  else if (plan->finished_epochs > 0)
    printf("resuming after epoch %" PRId64 "%s\n", plan->finished_epochs,
           plan->finished_epochs >= plan->epochs
               ? ": the run is done; raise --epochs to train further"
               : "");
  (void)fflush(stdout);
}

static void on_step(void *context, const nnt_step_event *event) {
  progress *state = context;
  bool due = event->seconds - state->drawn >= REDRAW || event->seconds < state->drawn;
  if (state->quiet || !state->terminal || !due) return;
  state->drawn = event->seconds;
  double rate = (double)event->samples / (event->seconds > 0.0 ? event->seconds : 1e-9);
  double left =
      (double)(event->epochs - event->epoch + 1) * (double)state->samples - (double)event->samples;
  int filled = (int)(BAR_WIDTH * event->step / event->steps);
  char bar[BAR_WIDTH + 1], time[32];
  for (int i = 0; i < BAR_WIDTH; ++i) bar[i] = i < filled ? '#' : '.';
  bar[BAR_WIDTH] = '\0';
  format_time(left / rate, time);
  (void)fprintf(stderr,
                CLEAR_LINE "epoch %" PRId64 "/%" PRId64 " [%s] loss %.4f, %.0f samples/s, %s left",
                event->epoch, event->epochs, bar, event->loss, rate, time);
}

static void print_validation(const nnt_metrics *m) {
  printf(", validation loss %.5f", m->loss);
  if (m->classification) {
    printf(", accuracy %.4f", m->accuracy);
    if (!isnan(m->f1)) printf(", F1 %.4f", m->f1);
    if (m->top_k > 0) printf(", top-%d %.4f", m->top_k, m->top_k_accuracy);
  } else {
    printf(", MAE %.5g, R2 %.4f", m->mae, m->r2);
  }
}

static void add_times(progress *state, const nnt_epoch_event *event) {
  const nnt_epoch_times *times = &event->times;
  state->seconds += event->seconds;
  state->times.reading += times->reading;
  state->times.gather += times->gather;
  state->times.forward += times->forward;
  state->times.backward += times->backward;
  state->times.exchange += times->exchange;
  state->times.update += times->update;
  state->times.validation += times->validation;
}

static void on_epoch(void *context, const nnt_epoch_event *event) {
  progress *state = context;
  char time[32];
  if (state->quiet) return;
  clear_bar(state);
  state->drawn = 0.0;
  add_times(state, event);
  printf("epoch %" PRId64 "/%" PRId64 ": loss %.5f", event->epoch, event->epochs,
         event->train_loss);
  if (event->has_validation) print_validation(&event->validation);
  format_time(event->seconds * (double)(event->epochs - event->epoch), time);
  printf(", %.0f samples/s, %.1f s, %s left%s\n", event->samples_per_second, event->seconds, time,
         event->best ? ", best" : "");
  (void)fflush(stdout);
}

static void on_message(void *context, nnt_log_level level, const char *line) {
  const progress *state = context;
  if (state->quiet && level == NNT_LOG_INFO) return;
  clear_bar(state);
  if (level == NNT_LOG_INFO)
    printf("%s\n", line);
  else
    (void)fprintf(stderr, "nntrain: warning: %s\n", line);
}

/* Without stdio: the process may hang while it holds the lock of a stream. */
static void on_alarm(void *context, const char *line) {
  char text[1100];
  (void)context;
  int length = snprintf(text, sizeof text, "nntrain: %s\n", line);
  if (length > (int)sizeof text - 1) length = (int)sizeof text - 1;
  for (ssize_t done = 0; done < length;) {
    ssize_t count = write(STDERR_FILENO, text + done, (size_t)(length - done));
    if (count <= 0) return;
    done += count;
  }
}

static void on_abort(void *context, bool launcher) {
  (void)context;
  last_exit(launcher);
}

nnt_train_events progress_events(progress *state) {
  return (nnt_train_events){.context = state,
                            .plan = on_plan,
                            .step = on_step,
                            .epoch = on_epoch,
                            .log = {.write = on_message, .context = state},
                            .alarm = on_alarm,
                            .abort_process = on_abort};
}

void progress_end(const progress *state) {
  if (state->drawn > 0.0) clear_bar(state);
}

void progress_print_times(const progress *state) {
  const nnt_epoch_times *times = &state->times;
  const struct {
    const char *name;
    double seconds;
  } parts[] = {{"reading", times->reading},      {"gather", times->gather},
               {"forward", times->forward},      {"backward", times->backward},
               {"exchange", times->exchange},    {"update", times->update},
               {"validation", times->validation}};
  double rest = state->seconds;
  if (rest <= 0.0) return;
  printf("time on rank 0:");
  for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i) {
    rest -= parts[i].seconds;
    if (parts[i].seconds >= 0.0005 * state->seconds)
      printf(" %s %.1f %%,", parts[i].name, 100.0 * parts[i].seconds / state->seconds);
  }
  printf(" other %.1f %%\n", 100.0 * fmax(rest, 0.0) / state->seconds);
}

void progress_print_plan(const nnt_train_plan *plan) {
  char data[32], model[32], rank[32], node[32];
  format_bytes((double)plan->node_data_bytes, data);
  format_bytes((double)plan->rank_bytes, rank);
  format_bytes((double)(plan->node_data_bytes + plan->node_model_bytes +
                        plan->node_ranks * plan->rank_bytes),
               node);
  format_bytes((double)plan->node_model_bytes, model);
  printf("network          %s, %" PRId64 " parameters\n", plan->shape, plan->parameters);
  printf("loss             %s\n", nnt_loss_name(plan->loss));
  printf("normalisation    %s\n", nnt_normalization_name(plan->normalization));
  printf("samples          %" PRId64 " to train, %" PRId64 " to validate\n", plan->samples,
         plan->validation_samples);
  printf("data             ");
  if (plan->streaming)
    print_streaming(plan);
  else if (plan->shuffling.kind == NNT_SHUFFLE_WINDOWED)
    printf("resident, windowed shuffle: windows of %" PRId64 " samples in blocks of %" PRId64 "\n",
           plan->shuffling.window, plan->shuffling.block);
  else
    printf("resident, %s\n",
           plan->shuffling.kind == NNT_SHUFFLE_FULL ? "full shuffle" : "no shuffle");
  if (plan->validation_streaming) printf("validation       streaming, in order\n");
  printf("steps            %" PRId64 " per epoch, %" PRId64 " epochs%s\n", plan->steps_per_epoch,
         plan->epochs, plan->finished_epochs > 0 ? " (some are done already)" : "");
  printf("batch            %" PRId64 " samples, %" PRId64 " to %" PRId64 " per rank\n",
         plan->batch_size, plan->shard_least, plan->shard_most);
  printf("parallelism      %d ranks x %d threads on %d nodes, %s kernels\n", plan->ranks,
         plan->threads, plan->nodes, plan->isa);
  printf("memory per node  %s: data %s and model %s once, %s for each of %d ranks\n", node, data,
         model, rank, plan->node_ranks);
  printf("dry run: nothing was trained or written\n");
}
