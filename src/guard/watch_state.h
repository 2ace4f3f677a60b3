/* What a watchdog knows: watchdog.c keeps it and decides, abort_run.c ends the run by it. */
#ifndef NNT_GUARD_WATCH_STATE_H
#define NNT_GUARD_WATCH_STATE_H

#include <pthread.h>
#include <stdbool.h>

#include "guard/emergency_checkpoint.h"
#include "guard/node_files.h"
#include "guard/node_health.h"
#include "input/read_ahead.h"
#include "record/recorder.h"

typedef struct nnt_watchdog nnt_watchdog;

/* All borrowed, and to outlive the watchdog. */
typedef struct nnt_watchdog_plan {
  nnt_emergency_checkpoint_plan emergency;
  const nnt_train_events *events;
  nnt_recorder *recorder;
  nnt_read_ahead *reader; /* NULL: none */
  int64_t updates;        /* done before the run */
} nnt_watchdog_plan;

struct nnt_watchdog {
  nnt_watchdog_plan plan;
  int node_rank, node_size;
  char host[64];
  double seconds; /* of silence */
  double tick;    /* seconds between two looks */
  nnt_node_health *health;
  nnt_node_files *files; /* NULL: one node */
  nnt_heartbeat heartbeat;
  pthread_t thread;
  bool started;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool ending;           /* under the mutex, and the next */
  nnt_train_state state; /* after the last update */
  /* The thread's. */
  double last_check;             /* when, last */
  uint32_t progress, pieces; /* seen last */
  double silence;            /* seconds without either changing */
  int64_t updates;           /* of the node, seen last */
  double step_silence;       /* seconds without an update */
  double node_silence;       /* seconds for which all ranks of the node are silent */
  double since_read;      /* seconds since the files was last_check at */
  bool reported;               /* there is a note on the files */
};

/* Seconds since the last call, as far as this process ran. */
double nnt_watchdog_elapsed(nnt_watchdog *watchdog);
/* Seconds that a silent node waits for those that say nothing. */
double nnt_watchdog_grace(const nnt_watchdog *watchdog);
#endif
