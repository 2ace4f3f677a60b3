/* Aborting a run that makes no progress: reports, the emergency checkpoint, exit. */
#include "guard/abort_run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

/* Timeouts in seconds: for the reader and the checkpoint writer of this process to leave HDF5 and
 * the disk; for all ranks of the node to report; for the other nodes to abort; for stopped
 * processes to exit. */
#define PAUSE_SECONDS 1.0
#define WRITER_SECONDS 10.0
#define READY_SECONDS 15.0
#define NODES_SECONDS 10.0
#define WAKE_SECONDS 1.0
/* Timeout of the emergency checkpoint: seconds, plus its size at this many bytes per second. */
#define SAVE_SECONDS 30.0
#define SAVE_RATE 1e7
#define NAP 0.02
/* Most ranks that are reported individually. */
#define NAMED 20

static void say(const nnt_watchdog *w, const char *line) {
  if (w->plan.events->alarm != NULL) w->plan.events->alarm(w->plan.events->context, line);
}

static const char *describe(const nnt_rank_state *rank) {
  switch ((nnt_phase)atomic_load(&rank->phase)) {
    case NNT_PHASE_READING:
      return atomic_load(&rank->working) != 0 ? "reading the data"
                                              : "waiting for data read by other ranks";
    case NNT_PHASE_COMPUTING:
      return "computing";
    case NNT_PHASE_EXCHANGE:
      return "waiting for the other ranks";
    case NNT_PHASE_VALIDATION:
      return "validating";
    case NNT_PHASE_SAVING:
      return "writing a checkpoint, metrics or messages";
    case NNT_PHASE_STARTING:
      break;
  }
  return "starting";
}

/* "host a, rank 3 (process 17)" */
static void name_rank(const nnt_watchdog *w, const nnt_rank_state *rank, char *text, size_t size) {
  (void)snprintf(text, size, "host %s, rank %d (process %d)", w->host, (int)rank->rank,
                 (int)rank->process);
}

static void report_self(const nnt_watchdog *w) {
  char line[256], name[128];
  const nnt_rank_state *own = w->heartbeat.own;
  name_rank(w, own, name, sizeof name);
  (void)snprintf(line, sizeof line, "watchdog: %s: %s in step %" PRId64 ", for %.0f s", name,
                 describe(own), atomic_load(&own->done) + 1, w->silence);
  say(w, line);
}

/* Reports the ranks of this node that the others wait for; returns their number. */
static int report_missing(const nnt_watchdog *w) {
  int missing = 0;
  for (int r = 0; r < w->node_size; ++r) {
    char line[256], name[128];
    const nnt_rank_state *rank = &nnt_node_health_node(w->health)->ranks[r];
    if (!nnt_node_health_is_missing(w->health, r)) continue;
    if (++missing > NAMED) continue;
    name_rank(w, rank, name, sizeof name);
    (void)snprintf(
        line, sizeof line, "watchdog: missing: %s: %s %s in step %" PRId64, name,
        nnt_node_health_runs(w->health, r) ? "makes no progress" : "stopped or dead, last seen",
        describe(rank), atomic_load(&rank->done) + 1);
    say(w, line);
  }
  if (missing > NAMED) {
    char line[128];
    (void)snprintf(line, sizeof line, "watchdog: missing: host %s: %d more ranks", w->host,
                   missing - NAMED);
    say(w, line);
  }
  return missing;
}

static double save_limit(const nnt_watchdog *w) {
  double arenas = 1.0 + nnt_optimizer_slots(&w->plan.emergency.options->optimizer);
  const nnt_layout *layout = nnt_stepper_layout(w->plan.emergency.stepper);
  return SAVE_SECONDS + arenas * (double)layout->floats * (double)sizeof(float) / SAVE_RATE;
}

/* Whether this process can encode a checkpoint now: no other thread of it uses HDF5. */
static bool is_able(const nnt_watchdog *w) {
  nnt_phase phase = (nnt_phase)atomic_load(&w->heartbeat.own->phase);
  bool reads = (phase == NNT_PHASE_READING || phase == NNT_PHASE_VALIDATION) &&
               w->plan.emergency.options->reading.io == NNT_IO_COLLECTIVE;
  bool there = w->files == NULL || nnt_node_files_is_there(w->files);
  return there && !reads && nnt_read_ahead_pause_within(w->plan.reader, PAUSE_SECONDS) &&
         nnt_recorder_idle_within(w->plan.recorder, WRITER_SECONDS);
}

/* --- waiting, while the heartbeat and the check of the other ranks continue --- */

static bool all_ready(nnt_watchdog *w) {
  return nnt_node_health_all_ready(w->health);
}

static bool is_saved(nnt_watchdog *w) {
  return atomic_load(&nnt_node_health_node(w->health)->saved) != NNT_NOT_YET;
}

static bool is_chosen(nnt_watchdog *w) {
  return atomic_load(&nnt_node_health_node(w->health)->chosen) != 0;
}

static bool has_ended(nnt_watchdog *w) {
  return atomic_load(&nnt_node_health_node(w->health)->ended) != 0;
}

static bool all_gone(nnt_watchdog *w) {
  return nnt_node_health_all_gone(w->health);
}

/* Whether every node is aborting, except those from which nothing was heard for long enough. */
static bool nodes_end(nnt_watchdog *w) {
  bool waited = w->node_silence >= nnt_watchdog_grace(w);
  for (int n = 0; n < nnt_node_files_nodes(w->files); ++n) {
    nnt_node_report report = nnt_node_files_report(w->files, n);
    if (n == nnt_node_files_own(w->files) || (waited && report.state == NNT_NODE_ABSENT)) continue;
    if (report.state < NNT_NODE_ENDING) return false;
  }
  return true;
}

/* The node with the newest consistent state; -1: none. */
static int newest_node(const nnt_watchdog *w) {
  int newest = -1;
  int64_t updates = -1;
  for (int n = 0; n < nnt_node_files_nodes(w->files); ++n) {
    nnt_node_report report = nnt_node_files_report(w->files, n);
    if (report.state < NNT_NODE_ENDING || report.updates <= updates) continue;
    updates = report.updates;
    newest = n;
  }
  return newest;
}

static bool newest_is_done(nnt_watchdog *w) {
  int node = newest_node(w);
  return node < 0 || nnt_node_files_report(w->files, node).state >= NNT_NODE_FAILED;
}

static void wait_until(nnt_watchdog *w, bool (*met)(nnt_watchdog *w), bool read_files,
                       double seconds) {
  const struct timespec nap = {.tv_nsec = (long)(NAP * 1e9)};
  for (double waited = 0.0, read = 0.0; waited < seconds && !met(w);) {
    (void)nanosleep(&nap, NULL);
    double elapsed = nnt_watchdog_elapsed(w);
    nnt_node_health_tick(w->health, elapsed);
    waited += elapsed;
    read += elapsed;
    if (read_files && read >= 5.0 * NAP) {
      nnt_node_files_read(w->files, read);
      read = 0.0;
    }
  }
}

/* --- the emergency checkpoint --- */

static void *save(void *context) {
  nnt_watchdog *w = context;
  const char *output = w->plan.emergency.options->output;
  char name[NNT_CHECKPOINT_NAME], line[1024];
  nnt_error error;
  pthread_mutex_lock(&w->mutex);
  nnt_train_state state = w->state;
  pthread_mutex_unlock(&w->mutex);
  nnt_saved saved = nnt_emergency_checkpoint_save(&w->plan.emergency, &state, name, &error);
  if (saved == NNT_NOT_WRITTEN)
    (void)snprintf(line, sizeof line,
                   "watchdog: no emergency checkpoint: %s: %.600s; the run ends, continue with "
                   "--resume from the last checkpoint",
                   error.what, error.where);
  else
    (void)snprintf(line, sizeof line,
                   "watchdog: %s of step %" PRId64
                   ": %.600s/%s; the run ends, continue with --resume",
                   saved == NNT_WRITTEN ? "emergency checkpoint" : "there is a checkpoint",
                   state.step, output, name);
  say(w, line);
  atomic_store(&nnt_node_health_node(w->health)->saved, saved);
  return NULL;
}

/* On a thread of its own: it may be the disk that hangs. */
static void start_to_save(nnt_watchdog *w) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, save, w) == 0)
    (void)pthread_detach(thread);
  else
    (void)save(w);
}

/* --- the sequence of an abort --- */

/* The first node that takes part reports for all nodes. */
static bool speaks_for_all(const nnt_watchdog *w) {
  for (int n = 0; w->files != NULL && n < nnt_node_files_own(w->files); ++n) {
    if (nnt_node_files_report(w->files, n).state >= NNT_NODE_ENDING) return false;
  }
  return true;
}

static void report_nodes(const nnt_watchdog *w, int missing) {
  char line[256], name[128];
  for (int n = 0; n < nnt_node_files_nodes(w->files); ++n) {
    nnt_node_report report = nnt_node_files_report(w->files, n);
    if (n == nnt_node_files_own(w->files)) continue;
    missing += report.missing;
    if (report.state >= NNT_NODE_ENDING) continue;
    nnt_node_files_name(w->files, n, name, sizeof name);
    (void)snprintf(line, sizeof line, "watchdog: missing: host %s: %s", name,
                   nnt_node_files_is_there(w->files)
                       ? "does not answer"
                       : "cannot be queried, the output directory is not shared by all nodes");
    say(w, line);
    ++missing;
  }
  if (missing == 0)
    say(w,
        "watchdog: all ranks are running and wait for each other: suspect the network between the "
        "hosts");
}

/* Reports what another node has saved: its own messages may not get through. */
static void report_other(const nnt_watchdog *w) {
  char line[320], name[128];
  int node = newest_node(w);
  if (node < 0 || node == nnt_node_files_own(w->files) || !speaks_for_all(w)) return;
  nnt_node_report report = nnt_node_files_report(w->files, node);
  nnt_node_files_name(w->files, node, name, sizeof name);
  if (report.state == NNT_NODE_SAVED)
    (void)snprintf(line, sizeof line,
                   "watchdog: host %s has saved step %" PRId64
                   "; the run ends, continue with --resume",
                   name, report.updates);
  else
    (void)snprintf(line, sizeof line,
                   "watchdog: host %s could not save step %" PRId64
                   "; the run ends, continue with --resume from the last checkpoint",
                   name, report.updates);
  say(w, line);
}

/* Agrees with the other nodes which rank of this node writes the checkpoint; -1: none. */
static int choose(nnt_watchdog *w, int64_t *updates) {
  int chosen = nnt_node_health_choose(w->health, updates);
  int missing = report_missing(w);
  if (w->files != NULL) {
    nnt_node_files_write(w->files, NNT_NODE_ENDING, *updates, missing);
    nnt_node_files_read(w->files, 0.0);
    wait_until(w, nodes_end, true, NODES_SECONDS);
    if (speaks_for_all(w)) report_nodes(w, missing);
    int newest = newest_node(w);
    if (newest >= 0 && newest != nnt_node_files_own(w->files)) return -1;
  }
  if (chosen < 0 && speaks_for_all(w))
    say(w,
        "watchdog: no rank can save a newer state than the last checkpoint; the run ends, continue "
        "with --resume");
  return chosen;
}

static nnt_node_state own_outcome(const nnt_watchdog *w) {
  uint32_t saved = atomic_load(&nnt_node_health_node(w->health)->saved);
  return saved == NNT_WRITTEN || saved == NNT_THERE_ALREADY ? NNT_NODE_SAVED : NNT_NODE_FAILED;
}

/* The rank that started the abort on its node. */
static void coordinate(nnt_watchdog *w) {
  nnt_node_ranks *node = nnt_node_health_node(w->health);
  wait_until(w, all_ready, false, READY_SECONDS);
  int64_t updates = -1;
  int chosen = choose(w, &updates);
  atomic_store(&node->chosen, chosen >= 0 ? (uint32_t)chosen + 1 : NNT_NOBODY);
  if (chosen == w->node_rank) start_to_save(w);
  if (chosen >= 0) wait_until(w, is_saved, false, save_limit(w));
  if (w->files != NULL) {
    if (chosen >= 0) nnt_node_files_write(w->files, own_outcome(w), updates, 0);
    wait_until(w, newest_is_done, true, save_limit(w));
    report_other(w);
  }
  atomic_store(&node->ended, 1);
  nnt_node_health_wake(w->health);
  wait_until(w, all_gone, false, WAKE_SECONDS);
}

static void participate(nnt_watchdog *w) {
  double limit = READY_SECONDS + NODES_SECONDS + 2.0 * save_limit(w);
  wait_until(w, is_chosen, false, limit);
  if (atomic_load(&nnt_node_health_node(w->health)->chosen) == (uint32_t)w->node_rank + 1)
    start_to_save(w);
  wait_until(w, has_ended, false, limit);
}

void nnt_abort_run(nnt_watchdog *w) {
  nnt_rank_state *own = w->heartbeat.own;
  bool coordinates =
      atomic_load(&nnt_node_health_node(w->health)->aborting) == (uint32_t)w->node_rank + 1;
  if (!has_ended(w)) { /* else this process was stopped in the meantime */
    report_self(w);
    atomic_store(&own->able, is_able(w));
    atomic_store(&own->ready, 1);
    if (coordinates)
      coordinate(w);
    else
      participate(w);
  }
  atomic_store(&own->gone, 1);
  w->plan.events->abort_process(w->plan.events->context, coordinates && w->files != NULL);
}
