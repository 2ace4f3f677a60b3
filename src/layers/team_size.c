/* How many threads a small step uses. */
#include "layers/team_size.h"

/* Arithmetic of a thread that surely outweighs its barriers, and that may. */
#define SAFE_FLOPS 4.0e6
#define LEAST_FLOPS 0.6e6
/* Steps. The first of a trial is not counted: the other threads may have to wake up. */
#define TRIAL 32
#define REST 4000

static int threads_for(double flops, double each, int most) {
  double threads = flops / each;
  if (threads < 2.0) return 1;
  return threads < most ? (int)threads : most;
}

int nnt_team_size_safe(double flops, int most) {
  return threads_for(flops, SAFE_FLOPS, most);
}

int nnt_team_size_next(const nnt_team_size *team, double flops, int most) {
  int few = threads_for(flops, SAFE_FLOPS, most), many = threads_for(flops, LEAST_FLOPS, most);
  if (team->step < TRIAL) return few;
  if (team->step < 2 * TRIAL) return many;
  return team->seconds[1] < team->seconds[0] ? many : few;
}

void nnt_team_size_note(nnt_team_size *team, double seconds) {
  if (team->step < 2 * TRIAL && team->step % TRIAL > 0)
    team->seconds[team->step / TRIAL] += seconds;
  if (++team->step == 2 * TRIAL + REST) *team = (nnt_team_size){0};
}
