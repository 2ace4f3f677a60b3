/* Health of the ranks of a node, as observed by their watchdogs. */
#include "guard/node_health.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm/node_memory.h"

/* Seconds without a heartbeat after which a process counts as not running; heartbeats are at most a
 * second apart. */
#define STILL_SECONDS 3.0

struct nnt_node_health {
  nnt_node_memory *memory;
  nnt_node_ranks *node;
  int size, self;
  bool shared;
  uint32_t *beats; /* [size] beats + progress at the last check */
  double *still;   /* [size] seconds since these changed */
};

nnt_status nnt_node_health_create(nnt_comm *comm, bool sharers, int64_t updates,
                                  nnt_node_health **out, nnt_error *error) {
  size_t size = (size_t)nnt_comm_node_size(comm);
  *out = NULL;
  nnt_node_health *health = calloc(1, sizeof *health);
  if (health != NULL) {
    health->size = (int)size;
    health->self = nnt_comm_node_rank(comm);
    health->shared = sharers;
    health->beats = calloc(size, sizeof *health->beats);
    health->still = calloc(size, sizeof *health->still);
  }
  nnt_status status = NNT_OK;
  if (health == NULL || health->beats == NULL || health->still == NULL)
    status = nnt_fail_memory(error, size * sizeof *health->still, "the watchdog");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_node_memory_create(comm, sizeof *health->node + size * sizeof(nnt_rank_state),
                                    NNT_MEMORY_OF_NODE, &health->memory, error);
  if (status == NNT_OK) {
    health->node = nnt_node_memory_data(health->memory);
    nnt_rank_state *own = nnt_node_health_own(health);
    own->rank = nnt_comm_rank(comm);
    own->process = (int32_t)getpid();
    atomic_store(&own->begun, updates);
    atomic_store(&own->done, updates);
    status = nnt_comm_agree(comm, nnt_node_memory_sync(health->memory, error), error);
  }
  if (status != NNT_OK) {
    nnt_node_health_destroy(&health);
    return status;
  }
  *out = health;
  return NNT_OK;
}

void nnt_node_health_destroy(nnt_node_health **health) {
  if (*health == NULL) return;
  nnt_node_memory_destroy(&(*health)->memory);
  free((*health)->beats);
  free((*health)->still);
  free(*health);
  *health = NULL;
}

nnt_node_ranks *nnt_node_health_node(nnt_node_health *health) {
  return health->node;
}

nnt_rank_state *nnt_node_health_own(nnt_node_health *health) {
  return &health->node->ranks[health->self];
}

void nnt_node_health_tick(nnt_node_health *health, double seconds) {
  atomic_fetch_add(&nnt_node_health_own(health)->beats, 1);
  for (int r = 0; r < health->size; ++r) {
    const nnt_rank_state *rank = &health->node->ranks[r];
    uint32_t beats = atomic_load(&rank->beats) + atomic_load(&rank->progress);
    health->still[r] = beats == health->beats[r] ? health->still[r] + seconds : 0.0;
    health->beats[r] = beats;
  }
}

bool nnt_node_health_runs(const nnt_node_health *health, int rank) {
  return rank == health->self || health->still[rank] < STILL_SECONDS;
}

bool nnt_node_health_leads(const nnt_node_health *health) {
  int first = 0;
  while (!nnt_node_health_runs(health, first)) ++first;
  return first == health->self;
}

bool nnt_node_health_all_silent(const nnt_node_health *health) {
  for (int r = 0; r < health->size; ++r) {
    if (nnt_node_health_runs(health, r) && atomic_load(&health->node->ranks[r].silent) == 0)
      return false;
  }
  return true;
}

bool nnt_node_health_all_ready(const nnt_node_health *health) {
  for (int r = 0; r < health->size; ++r) {
    if (nnt_node_health_runs(health, r) && atomic_load(&health->node->ranks[r].ready) == 0)
      return false;
  }
  return true;
}

/* The most updates that ranks [first, end) have finished, and begun. */
static void count_updates(const nnt_node_health *health, int first, int end, int64_t *done,
                          int64_t *begun) {
  *done = *begun = -1;
  for (int r = first; r < end; ++r) {
    const nnt_rank_state *rank = &health->node->ranks[r];
    int64_t rank_done = atomic_load(&rank->done), rank_begun = atomic_load(&rank->begun);
    if (rank_done > *done) *done = rank_done;
    if (rank_begun > *begun) *begun = rank_begun;
  }
}

int64_t nnt_node_health_done(const nnt_node_health *health) {
  int64_t done = 0, begun = 0;
  count_updates(health, 0, health->size, &done, &begun);
  return done;
}

int nnt_node_health_choose(const nnt_node_health *health, int64_t *updates) {
  int chosen = -1;
  *updates = -1;
  for (int r = 0; r < health->size; ++r) {
    const nnt_rank_state *rank = &health->node->ranks[r];
    int64_t done = 0, begun = 0;
    count_updates(health, health->shared ? 0 : r, health->shared ? health->size : r + 1, &done,
                  &begun);
    bool able = nnt_node_health_runs(health, r) && atomic_load(&rank->able) != 0;
    bool whole = done == begun && atomic_load(&rank->done) == done;
    if (!able || !whole || done <= *updates) continue;
    *updates = done;
    chosen = r;
  }
  return chosen;
}

bool nnt_node_health_is_missing(const nnt_node_health *health, int rank) {
  const nnt_rank_state *state = &health->node->ranks[rank];
  if (!nnt_node_health_runs(health, rank)) return true;
  switch ((nnt_phase)atomic_load(&state->phase)) {
    case NNT_PHASE_READING:
      return atomic_load(&state->working) != 0;
    case NNT_PHASE_COMPUTING:
    case NNT_PHASE_SAVING:
      return true;
    case NNT_PHASE_STARTING:
    case NNT_PHASE_EXCHANGE:
    case NNT_PHASE_VALIDATION:
      break;
  }
  return false;
}

void nnt_node_health_wake(const nnt_node_health *health) {
  for (int r = 0; r < health->size; ++r) {
    if (!nnt_node_health_runs(health, r)) (void)kill(health->node->ranks[r].process, SIGCONT);
  }
}

bool nnt_node_health_all_gone(const nnt_node_health *health) {
  for (int r = 0; r < health->size; ++r) {
    if (r != health->self && atomic_load(&health->node->ranks[r].gone) == 0) return false;
  }
  return true;
}
