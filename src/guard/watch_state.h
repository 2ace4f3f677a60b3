/* The state of a watchdog: watchdog.c updates it and decides, abort_run.c aborts the run. */
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

/* All borrowed; must outlive the watchdog. */
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
  double seconds; /* timeout */
  double tick;    /* seconds between two checks */
  nnt_node_health *health;
  nnt_node_files *files; /* NULL: one node */
  nnt_heartbeat heartbeat;
  pthread_t thread;
  bool started;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool ending;           /* guarded by the mutex, as the next field */
  nnt_train_state state; /* after the last update */
  /* Owned by the watchdog thread. */
  double last_check;         /* time of the last check */
  uint32_t progress, pieces; /* at the last check */
  double silence;            /* seconds without a change of these */
  int64_t updates;           /* of the node, at the last check */
  double step_silence;       /* seconds without an update */
  double node_silence;       /* seconds for which all ranks of the node have been silent */
  double since_read;         /* seconds since the status files were read */
  bool reported;             /* this node has a status file */
};

/* Seconds since the last call during which this process was running. */
double nnt_watchdog_elapsed(nnt_watchdog *watchdog);
/* Seconds that a silent node waits for nodes without a report. */
double nnt_watchdog_grace(const nnt_watchdog *watchdog);
#endif
