/* The learning rate as a function of the update. */
#include "net/schedule.h"

#include <math.h>

#include "base/partition.h"

/* One cycle, as torch.optim.lr_scheduler.OneCycleLR by default. */
#define CYCLE_RISE 0.3
#define CYCLE_START 25.0
#define CYCLE_END 1e4

static const double pi = 3.14159265358979323846;

nnt_schedule nnt_schedule_make(const nnt_schedule_settings *settings, double learning_rate,
                               int64_t batch_size, int64_t updates_per_epoch, int64_t epochs) {
  nnt_schedule schedule = {.settings = *settings,
                           .rate = learning_rate,
                           .warmup = settings->warmup.count,
                           .updates_per_epoch = updates_per_epoch,
                           .plateau = 1.0};
  if (settings->warmup.epochs) schedule.warmup *= updates_per_epoch;
  if (settings->epochs > 0) epochs = settings->epochs;
  schedule.span = nnt_max_i64(epochs * updates_per_epoch - schedule.warmup, 1);
  if (settings->base_batch > 0) schedule.rate *= (double)batch_size / (double)settings->base_batch;
  return schedule;
}

/* From `from` to `to` by half a cosine; at is in [0, 1]. */
static double anneal(double from, double to, double at) {
  return to + (from - to) * (1.0 + cos(pi * at)) / 2.0;
}

/* As OneCycleLR: the peak is at a whole or broken update, the last update has the end. */
static double one_cycle(double rate, int64_t at, int64_t span) {
  double peak = CYCLE_RISE * (double)span - 1.0, last = (double)span - 1.0, s = (double)at;
  double start = rate / CYCLE_START, end = start / CYCLE_END;
  if (s < peak) return anneal(start, rate, s / peak);
  if (!(last > peak)) return rate;
  return anneal(rate, end, fmin((s - peak) / (last - peak), 1.0));
}

static int64_t milestones_passed(const nnt_schedule_settings *settings, int64_t epoch) {
  int64_t passed = 0;
  while (passed < settings->milestone_count && settings->milestones[passed] <= epoch) ++passed;
  return passed;
}

static double after_warmup(const nnt_schedule *schedule, int64_t update) {
  const nnt_schedule_settings *settings = &schedule->settings;
  double rate = schedule->rate, end = settings->end;
  int64_t s = update - schedule->warmup, epoch = update / schedule->updates_per_epoch;
  double done = fmin((double)s / (double)schedule->span, 1.0);
  switch (settings->kind) {
    case NNT_SCHEDULE_STEP: {
      int64_t every = settings->every.count;
      if (settings->every.epochs) every *= schedule->updates_per_epoch;
      int64_t falls = update / nnt_max_i64(every, 1);
      return rate * pow(settings->factor, (double)falls);
    }
    case NNT_SCHEDULE_MULTI_STEP:
      return rate * pow(settings->factor, (double)milestones_passed(settings, epoch));
    case NNT_SCHEDULE_EXPONENTIAL:
      return rate * pow(settings->factor, (double)epoch);
    case NNT_SCHEDULE_POLYNOMIAL:
      return end + (rate - end) * pow(1.0 - done, settings->power);
    case NNT_SCHEDULE_COSINE:
      return anneal(rate, end, done);
    case NNT_SCHEDULE_ONE_CYCLE:
      return one_cycle(rate, s, schedule->span);
    case NNT_SCHEDULE_PLATEAU:
      return fmax(rate * schedule->plateau, fmin(end, rate));
    case NNT_SCHEDULE_CONSTANT:
    case NNT_SCHEDULE_COUNT:
    default:
      return rate;
  }
}

double nnt_schedule_at(const nnt_schedule *schedule, int64_t update) {
  if (update < schedule->warmup)
    return schedule->rate * (double)(update + 1) / (double)schedule->warmup;
  return after_warmup(schedule, update);
}

void nnt_schedule_note(nnt_schedule *schedule, const double *losses, int64_t count) {
  const nnt_schedule_settings *settings = &schedule->settings;
  double best = (double)INFINITY;
  int64_t waited = 0;
  schedule->plateau = 1.0;
  if (settings->kind != NNT_SCHEDULE_PLATEAU) return;
  for (int64_t i = 0; i < count; ++i) {
    bool better = losses[i] < best * (1.0 - settings->threshold);
    waited = better ? 0 : waited + 1;
    if (better) best = losses[i];
    if (waited <= settings->patience) continue;
    schedule->plateau *= settings->factor;
    waited = 0;
  }
}

bool nnt_early_stop(const double *losses, int64_t count, int64_t patience, double min_delta) {
  double best = (double)INFINITY;
  int64_t waited = 0;
  for (int64_t i = 0; i < count && (patience == 0 || waited < patience); ++i) {
    bool better = losses[i] < best - min_delta;
    waited = better ? 0 : waited + 1;
    if (better) best = losses[i];
  }
  return patience > 0 && waited >= patience;
}
