/* Learning rate as a function of the step: constant so far. */
#ifndef NNT_NET_SCHEDULE_H
#define NNT_NET_SCHEDULE_H

#include <stdint.h>

typedef struct nnt_schedule {
  double base; /* learning rate */
} nnt_schedule;

/* The learning rate of the update number `step`, counted from 0 over the whole run. */
static inline double nnt_schedule_at(const nnt_schedule *schedule, int64_t step) {
  (void)step;
  return schedule->base;
}

#endif
