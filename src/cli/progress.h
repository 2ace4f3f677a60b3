/* What 'nntrain train' shows while it works: a bar on a terminal, one plain line an epoch in a
 * batch log. */
#ifndef NNT_CLI_PROGRESS_H
#define NNT_CLI_PROGRESS_H

#include <nntrain/train.h>
#include <stdbool.h>

typedef struct progress {
  bool quiet;      /* warnings only */
  bool terminal;   /* stderr is one: draw the bar */
  double drawn;    /* when the bar was last drawn, in seconds of the epoch */
  int64_t samples; /* of the training set */
  double seconds;  /* of the epochs that this process ended, and what they went into */
  nnt_epoch_times times;
} progress;

progress progress_create(bool quiet);
/* Events that print; `state` must outlive them. */
nnt_train_events progress_events(progress *state);
/* Removes a bar that a failure left on the terminal, so that the message has its own line. */
void progress_end(const progress *state);
/* What the time went into, in a line; nothing before the first epoch's end. */
void progress_print_times(const progress *state);
/* The plan in full, for --dry-run. */
void progress_print_plan(const nnt_train_plan *plan);

#endif
