/* How many threads a small step uses.
 *
 * The barriers of a team cost about a microsecond where every thread has a core of its own, and far
 * more where cores are shared. The arithmetic of a step surely pays for some threads; it may pay
 * for more. Training steps are tried both ways again and again: TRIAL steps with few threads, TRIAL
 * with many, then the better for REST steps. The bits of a step do not depend on its threads.
 */
#ifndef NNT_LAYERS_TEAM_SIZE_H
#define NNT_LAYERS_TEAM_SIZE_H

#include <stdint.h>

/* All zero at first. */
typedef struct nnt_team_size {
  int64_t step;      /* of the round */
  double seconds[2]; /* of the trials: few threads, many */
} nnt_team_size;

/* Threads that so much arithmetic surely pays for, 1 to `most`. */
int nnt_team_size_safe(double flops, int most);
/* Threads for the next step. */
int nnt_team_size_next(const nnt_team_size *team, double flops, int most);
/* What the step took. */
void nnt_team_size_note(nnt_team_size *team, double seconds);

#endif
