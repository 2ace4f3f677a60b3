#include "train/stopwatch.h"

#include <math.h>

/* In epochs with more steps than FEW, one step in EVERY is measured... */
#define FEW 64
#define EVERY 16
/* ... unless a step takes so long, in seconds, that the overhead is negligible. */
#define LONG 1e-4

void nnt_stopwatch_start(nnt_stopwatch *watch, int64_t steps, double waited) {
  *watch = (nnt_stopwatch){.steps = steps, .waited = waited};
}

static double whole(const nnt_step_times *times) {
  return times->gather + times->forward + times->backward + times->exchange + times->update;
}

nnt_step_times *nnt_stopwatch_lap(nnt_stopwatch *watch) {
  bool due = watch->steps <= FEW || watch->done % EVERY == 0 || whole(&watch->last) > LONG;
  watch->last = (nnt_step_times){.gather = 0.0};
  return due ? &watch->last : NULL;
}

void nnt_stopwatch_record(nnt_stopwatch *watch) {
  const nnt_step_times *last = &watch->last;
  ++watch->done;
  if (whole(last) <= 0.0) return;
  ++watch->measured;
  watch->sum.gather += last->gather;
  watch->sum.forward += last->forward;
  watch->sum.backward += last->backward;
  watch->sum.exchange += last->exchange;
  watch->sum.update += last->update;
}

nnt_epoch_times nnt_stopwatch_read(const nnt_stopwatch *watch, double seconds, double waited) {
  const nnt_step_times *sum = &watch->sum;
  if (watch->measured == 0) return (nnt_epoch_times){.reading = 0.0};
  double reading = (waited - watch->waited) * (double)watch->steps / (double)watch->done;
  reading = fmin(reading, seconds);
  double factor = (double)watch->steps / (double)watch->measured;
  factor = fmin(factor, (seconds - reading) / whole(sum));
  return (nnt_epoch_times){.reading = reading,
                           .gather = factor * sum->gather,
                           .forward = factor * sum->forward,
                           .backward = factor * sum->backward,
                           .exchange = factor * sum->exchange,
                           .update = factor * sum->update};
}
