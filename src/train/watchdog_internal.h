/* What the two halves of the watchdog share: watchdog.c watches, abandon.c ends the run. */
#ifndef NNT_TRAIN_WATCHDOG_INTERNAL_H
#define NNT_TRAIN_WATCHDOG_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>

#include "train/board.h"
#include "train/vitals.h"
#include "train/watchdog.h"

struct nnt_watchdog {
  nnt_watchdog_plan plan;
  int node_rank, node_size;
  char host[64];
  double seconds; /* of silence */
  double tick;    /* seconds between two looks */
  nnt_vitals *vitals;
  nnt_board *board; /* NULL: one node */
  nnt_pulse pulse;
  pthread_t thread;
  bool started;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool ending;           /* under the mutex, and the next */
  nnt_train_state state; /* after the last update */
  /* The thread's. */
  double looked;             /* when, last */
  uint32_t progress, pieces; /* seen last */
  double silence;            /* seconds without either changing */
  int64_t updates;           /* of the node, seen last */
  double step_silence;       /* seconds without an update */
  double node_silence;       /* seconds for which all ranks of the node are silent */
  double board_silence;      /* seconds since the board was looked at */
  bool posted;               /* there is a note on the board */
};

/* Seconds since the last call, as far as this process ran. */
double nnt_watchdog_elapsed(nnt_watchdog *watchdog);
/* Seconds that a silent node waits for those that say nothing. */
double nnt_watchdog_grace(const nnt_watchdog *watchdog);
/* Reports, has the survivor checkpoint written, and ends the process. Called on the thread of every
 * rank of a node that runs, when the node has given up. */
void nnt_watchdog_abandon(nnt_watchdog *watchdog);

#endif
