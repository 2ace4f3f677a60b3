/* Detecting that no rank makes progress. */
#include "guard/watchdog.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "guard/abort_run.h"

/* Most seconds between two checks, and number of checks per timeout. */
#define LONGEST_TICK 1.0
#define TICKS 10.0
/* File systems stall for longer than computations. */
#define SAVING_FACTOR 10.0
/* Seconds between two reads of the status files, and after which a busy report is stale. */
#define READ_SECONDS 1.0
#define STALE_SECONDS 10.0

/* Whether this rank's training thread makes progress. */
static void check_self(nnt_watchdog *w, double elapsed) {
  nnt_rank_state *own = w->heartbeat.own;
  bool reads = false;
  uint32_t progress = atomic_load(&own->progress);
  uint32_t pieces = nnt_read_ahead_pieces(w->plan.reader, &reads);
  nnt_phase phase = (nnt_phase)atomic_load(&own->phase);
  bool saves = phase == NNT_PHASE_SAVING;
  bool advanced = progress != w->progress || (phase == NNT_PHASE_READING && pieces != w->pieces);
  w->silence = advanced ? 0.0 : w->silence + elapsed;
  w->progress = progress;
  w->pieces = pieces;
  atomic_store(&own->working, phase == NNT_PHASE_READING && reads);
  atomic_store(&own->silent, w->silence >= w->seconds * (saves ? SAVING_FACTOR : 1.0));
}

static void start_abort(nnt_watchdog *w) {
  uint32_t nobody = 0;
  atomic_compare_exchange_strong(&nnt_node_health_node(w->health)->aborting, &nobody,
                                 (uint32_t)w->node_rank + 1);
}

/* Whether the run must be aborted, by the reports of the other nodes. */
static bool others_agree(nnt_watchdog *w, bool silent) {
  bool at_work = false, absent = false;
  for (int n = 0; n < nnt_node_files_nodes(w->files); ++n) {
    nnt_node_report report = nnt_node_files_report(w->files, n);
    if (n == nnt_node_files_own(w->files)) continue;
    if (report.state >= NNT_NODE_ENDING) return true;
    at_work = at_work || (report.state == NNT_NODE_BUSY && report.age < STALE_SECONDS);
    absent = absent || report.state == NNT_NODE_ABSENT;
  }
  return silent && !at_work && (!absent || w->node_silence >= nnt_watchdog_grace(w));
}

/* Run by the first running rank of a node. */
static void check_node(nnt_watchdog *w, double elapsed) {
  int64_t updates = nnt_node_health_done(w->health);
  bool silent = nnt_node_health_all_silent(w->health);
  w->node_silence = silent ? w->node_silence + elapsed : 0.0;
  w->step_silence = updates == w->updates ? w->step_silence + elapsed : 0.0;
  w->updates = updates;
  if (w->files == NULL) {
    if (silent) start_abort(w);
    return;
  }
  bool alarmed = silent || w->step_silence >= w->seconds;
  if (!alarmed) {
    if (w->reported) nnt_node_files_write(w->files, NNT_NODE_ABSENT, -1, 0);
    w->reported = false;
    return;
  }
  w->since_read += elapsed;
  if (w->reported && w->since_read < READ_SECONDS) return;
  nnt_node_files_write(w->files, silent ? NNT_NODE_SILENT : NNT_NODE_BUSY, updates, 0);
  nnt_node_files_read(w->files, w->since_read);
  w->reported = true;
  w->since_read = 0.0;
  if (others_agree(w, silent)) start_abort(w);
}

static void check(nnt_watchdog *w) {
  double elapsed = nnt_watchdog_elapsed(w);
  nnt_node_health_tick(w->health, elapsed);
  check_self(w, elapsed);
  if (nnt_node_health_leads(w->health)) check_node(w, elapsed);
  if (atomic_load(&nnt_node_health_node(w->health)->aborting) != 0) nnt_abort_run(w);
}

static void *run(void *context) {
  nnt_watchdog *w = context;
  pthread_mutex_lock(&w->mutex);
  while (!w->ending) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    double nanoseconds = (double)until.tv_nsec + 1e9 * w->tick;
    until.tv_sec += (time_t)(nanoseconds / 1e9);
    until.tv_nsec = (long)(nanoseconds - 1e9 * (double)(int64_t)(nanoseconds / 1e9));
    if (pthread_cond_timedwait(&w->changed, &w->mutex, &until) != ETIMEDOUT) continue;
    pthread_mutex_unlock(&w->mutex);
    check(w);
    pthread_mutex_lock(&w->mutex);
  }
  pthread_mutex_unlock(&w->mutex);
  return NULL;
}

static nnt_status start_thread(nnt_watchdog *w, nnt_error *error) {
  sigset_t all, before;
  pthread_condattr_t clock;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_mutex_init(&w->mutex, NULL);
  pthread_cond_init(&w->changed, &clock);
  pthread_condattr_destroy(&clock);
  /* Signals are handled by the training thread. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&w->thread, NULL, run, w);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  w->started = failed == 0;
  if (w->started) return NNT_OK;
  return nnt_fail(error, NNT_OUT_OF_MEMORY,
                  "cannot start the watchdog thread\n%s\nraise the process limit (ulimit -u), or "
                  "use --watchdog 0",
                  strerror(failed));
}

static nnt_watchdog *allocate(nnt_comm *comm, const nnt_watchdog_plan *plan) {
  nnt_watchdog *w = calloc(1, sizeof *w);
  if (w == NULL) return NULL;
  w->plan = *plan;
  w->node_rank = nnt_comm_node_rank(comm);
  w->node_size = nnt_comm_node_size(comm);
  w->seconds = plan->emergency.options->watchdog;
  w->tick = w->seconds / TICKS < LONGEST_TICK ? w->seconds / TICKS : LONGEST_TICK;
  w->last_check = nnt_clock_seconds();
  w->updates = plan->updates;
  w->state.step = plan->updates;
  (void)gethostname(w->host, sizeof w->host - 1);
  return w;
}

nnt_status nnt_watchdog_create(nnt_comm *comm, const nnt_watchdog_plan *plan, nnt_watchdog **out,
                               nnt_error *error) {
  const nnt_train_options *options = plan->emergency.options;
  *out = NULL;
  if (!(options->watchdog > 0.0) || plan->events->abort_process == NULL || options->output == NULL)
    return NNT_OK;
  nnt_watchdog *w = allocate(comm, plan);
  nnt_status status = w != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *w, "the watchdog");
  status = nnt_comm_agree(comm, status, error);
  bool sharers = nnt_stepper_sharers(plan->emergency.stepper) > 1;
  if (status == NNT_OK)
    status = nnt_node_health_create(comm, sharers, plan->updates, &w->health, error);
  if (status == NNT_OK) status = nnt_node_files_create(comm, options->output, &w->files, error);
  if (status == NNT_OK) {
    w->heartbeat = (nnt_heartbeat){.own = nnt_node_health_own(w->health),
                                   .closed = &nnt_node_health_node(w->health)->aborting};
    status = nnt_comm_agree(comm, start_thread(w, error), error);
  }
  if (status != NNT_OK) {
    nnt_watchdog_destroy(&w);
    return status;
  }
  *out = w;
  return NNT_OK;
}

void nnt_watchdog_destroy(nnt_watchdog **watchdog) {
  nnt_watchdog *w = *watchdog;
  if (w == NULL) return;
  if (w->started) {
    pthread_mutex_lock(&w->mutex);
    w->ending = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->mutex);
  }
  nnt_node_files_destroy(&w->files);
  nnt_node_health_destroy(&w->health);
  free(w);
  *watchdog = NULL;
}

const nnt_heartbeat *nnt_watchdog_heartbeat(const nnt_watchdog *watchdog) {
  return watchdog != NULL ? &watchdog->heartbeat : NULL;
}

void nnt_watchdog_record_state(nnt_watchdog *watchdog, const nnt_train_state *state) {
  if (watchdog == NULL) return;
  pthread_mutex_lock(&watchdog->mutex);
  watchdog->state = *state;
  pthread_mutex_unlock(&watchdog->mutex);
  nnt_heartbeat_end_update(&watchdog->heartbeat, state->step);
}
