/* Where the time of an epoch goes, on this rank's main thread. Local. */
#ifndef NNT_TRAIN_STOPWATCH_H
#define NNT_TRAIN_STOPWATCH_H

#include <nntrain/train.h>

#include "step/step.h"

/* The clock costs a small network's step some percent, so only some of many steps are measured, and
 * stand for all. */
typedef struct nnt_stopwatch {
  nnt_step_times sum;     /* of the measured steps */
  int64_t steps;          /* of a whole epoch */
  int64_t done, measured; /* steps of the epoch, by this process */
  double waited;          /* for data, when the epoch began */
  nnt_step_times last;    /* of the step that is measured */
} nnt_stopwatch;

/* An epoch of `steps` begins; `waited`: seconds that the process has waited for data so far. */
void nnt_stopwatch_start(nnt_stopwatch *watch, int64_t steps, double waited);

/* For the next step: where its times go; NULL: it is not measured. */
nnt_step_times *nnt_stopwatch_lap(nnt_stopwatch *watch);
/* The step is done. */
void nnt_stopwatch_record(nnt_stopwatch *watch);

/* Of the epoch, whose steps took `seconds` with the data that they waited for; `waited` as above.
 * When the process did only the last of its steps, they stand for the others too. */
nnt_epoch_times nnt_stopwatch_read(const nnt_stopwatch *watch, double seconds, double waited);

#endif
