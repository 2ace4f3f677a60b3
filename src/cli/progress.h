/* What 'nntrain train' prints while it runs: a progress bar on a terminal, and one line per epoch,
 * all that a batch log gets. */
#ifndef NNT_CLI_PROGRESS_H
#define NNT_CLI_PROGRESS_H

#include <nntrain/train.h>
#include <stdbool.h>

typedef struct progress {
  bool quiet;      /* warnings only */
  bool terminal;   /* stderr is one: draw the bar */
  double drawn;    /* when the bar was last drawn, in seconds of the epoch */
  int64_t samples; /* of the training set */
  double seconds;  /* of the epochs that this process finished, and where they went */
  nnt_epoch_times times;
} progress;

progress progress_create(bool quiet);
/* Events that print; `state` must outlive them. */
nnt_train_events progress_events(progress *state);
/* Removes a bar that a failure left on the terminal, so that its message has a line of its own. */
void progress_end(const progress *state);
/* Where the time went, in one line; nothing before the end of the first epoch. */
void progress_print_times(const progress *state);
/* The whole plan, for --dry-run. */
void progress_print_plan(const nnt_train_plan *plan);

#endif
