/* What a watchdog knows. */
#include "guard/watch_state.h"

#include "base/clock.h"

/* Nodes come to silence one after the other: seconds to wait for a node that says nothing, and the
 * same as a part of the time of silence. */
#define GRACE_SECONDS 4.0
#define GRACE_PART 0.2

double nnt_watchdog_elapsed(nnt_watchdog *watchdog) {
  double now = nnt_clock_seconds(), elapsed = now - watchdog->last_check;
  watchdog->last_check = now;
  /* Longer than that: the process was stopped. */
  return elapsed < 2.0 * watchdog->tick ? elapsed : 2.0 * watchdog->tick;
}

double nnt_watchdog_grace(const nnt_watchdog *watchdog) {
  double part = GRACE_PART * watchdog->seconds;
  return part > GRACE_SECONDS ? part : GRACE_SECONDS;
}
