/* Signals that ask a run to stop. */
#include "cli/signals.h"

#include <nntrain/stop.h>
#include <signal.h>
#include <stddef.h>

/* Two SIGINT in a row: the user does not want to wait. */
static void on_signal(int number) {
  if (number == SIGINT && nnt_stop_requested() == SIGINT) {
    (void)signal(SIGINT, SIG_DFL);
    (void)raise(SIGINT);
    return;
  }
  nnt_stop_request(number);
}

void signals_catch(void) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  (void)sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i)
    (void)sigaction(numbers[i], &action, NULL);
}
