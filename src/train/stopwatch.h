/* How the time of an epoch is spent, on this rank's main thread. Local. */
#ifndef NNT_TRAIN_STOPWATCH_H
#define NNT_TRAIN_STOPWATCH_H

#include <nntrain/train.h>

#include "step/step.h"

/* Timing costs a step of a small network a few percent, so only a sample of many steps is measured
 * and extrapolated. */
typedef struct nnt_stopwatch {
  nnt_step_times sum;     /* of the measured steps */
  int64_t steps;          /* of a whole epoch */
  int64_t done, measured; /* steps of the epoch, by this process */
  double waited;          /* seconds waited for data when the epoch began */
  nnt_step_times last;    /* of the step being measured */
} nnt_stopwatch;

/* An epoch of `steps` begins; `waited`: seconds that the process has waited for data so far. */
void nnt_stopwatch_start(nnt_stopwatch *watch, int64_t steps, double waited);

/* Begins the next step; returns where its times are to be stored, or NULL if it is not measured. */
nnt_step_times *nnt_stopwatch_lap(nnt_stopwatch *watch);
/* Records the finished step. */
void nnt_stopwatch_record(nnt_stopwatch *watch);

/* The times of the epoch, whose steps took `seconds` including waiting for data; `waited` as above.
 * If the process did only the last steps of the epoch, their times are extrapolated to all. */
nnt_epoch_times nnt_stopwatch_read(const nnt_stopwatch *watch, double seconds, double waited);

#endif
