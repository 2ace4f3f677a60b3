/* The learning rate as a function of the update. Formulas: nntrain/methods.h. */
#ifndef NNT_NET_SCHEDULE_H
#define NNT_NET_SCHEDULE_H

#include <nntrain/methods.h>

typedef struct nnt_schedule {
  nnt_schedule_settings settings;
  double rate; /* the optimiser's, scaled */
  int64_t warmup;
  int64_t span; /* updates of the schedule, without the warm-up; at least 1 */
  int64_t updates_per_epoch;
  double plateau; /* factor of a plateau schedule at this epoch */
} nnt_schedule;

/* `epochs` are the run's. */
nnt_schedule nnt_schedule_make(const nnt_schedule_settings *settings, double learning_rate,
                               int64_t batch_size, int64_t updates_per_epoch, int64_t epochs);

/* The learning rate of update number `update`, counted from 0 over the whole run. */
double nnt_schedule_at(const nnt_schedule *schedule, int64_t update);

/* Replays the losses of the epochs so far, for those to come; only a plateau uses them. */
void nnt_schedule_note(nnt_schedule *schedule, const double *losses, int64_t count);

/* Whether the loss has not come below its lowest minus `min_delta` for `patience` epochs on end;
 * patience 0: never. Prechelt, Neural Networks 11, 1998. */
bool nnt_early_stop(const double *losses, int64_t count, int64_t patience, double min_delta);

#endif
