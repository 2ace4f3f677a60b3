/* The stop request. */
#include <nntrain/stop.h>
#include <signal.h>

/* Set by signal handlers. */
static volatile sig_atomic_t requested;

void nnt_stop_request(int reason) {
  requested = reason;
}

int nnt_stop_requested(void) {
  return requested;
}
