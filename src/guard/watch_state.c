/* The state of a watchdog. */
#include "guard/watch_state.h"

#include "base/clock.h"

/* Nodes become silent one after the other: time to wait for a node without a report, in seconds and
 * as a fraction of the timeout. */
#define GRACE_SECONDS 4.0
#define GRACE_PART 0.2

double nnt_watchdog_elapsed(nnt_watchdog *watchdog) {
  double now = nnt_clock_seconds(), elapsed = now - watchdog->last_check;
  watchdog->last_check = now;
  /* If it is longer, the process was stopped. */
  return elapsed < 2.0 * watchdog->tick ? elapsed : 2.0 * watchdog->tick;
}

double nnt_watchdog_grace(const nnt_watchdog *watchdog) {
  double part = GRACE_PART * watchdog->seconds;
  return part > GRACE_SECONDS ? part : GRACE_SECONDS;
}
