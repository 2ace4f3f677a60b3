/* The ranks of a node as their watchdogs see them. */
#include "train/vitals.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm/node_memory.h"

/* Seconds without a beat, after which a process does not run; a beat comes every second or more
 * often. */
#define STILL_SECONDS 3.0

struct nnt_vitals {
  nnt_node_memory *memory;
  nnt_node_vitals *node;
  int size, self;
  bool shared;
  uint32_t *beats; /* [size] seen last, and progress */
  double *still;   /* [size] seconds since they changed */
};

nnt_status nnt_vitals_create(nnt_comm *comm, bool sharers, int64_t updates, nnt_vitals **out,
                             nnt_error *error) {
  size_t size = (size_t)nnt_comm_node_size(comm);
  *out = NULL;
  nnt_vitals *vitals = calloc(1, sizeof *vitals);
  if (vitals != NULL) {
    vitals->size = (int)size;
    vitals->self = nnt_comm_node_rank(comm);
    vitals->shared = sharers;
    vitals->beats = calloc(size, sizeof *vitals->beats);
    vitals->still = calloc(size, sizeof *vitals->still);
  }
  nnt_status status = NNT_OK;
  if (vitals == NULL || vitals->beats == NULL || vitals->still == NULL)
    status = nnt_fail_memory(error, size * sizeof *vitals->still, "the watchdog");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_node_memory_create(comm, sizeof *vitals->node + size * sizeof(nnt_vital),
                                    NNT_MEMORY_OF_NODE, &vitals->memory, error);
  if (status == NNT_OK) {
    vitals->node = nnt_node_memory_data(vitals->memory);
    nnt_vital *own = nnt_vitals_own(vitals);
    own->rank = nnt_comm_rank(comm);
    own->process = (int32_t)getpid();
    atomic_store(&own->begun, updates);
    atomic_store(&own->done, updates);
    status = nnt_comm_agree(comm, nnt_node_memory_sync(vitals->memory, error), error);
  }
  if (status != NNT_OK) {
    nnt_vitals_destroy(&vitals);
    return status;
  }
  *out = vitals;
  return NNT_OK;
}

void nnt_vitals_destroy(nnt_vitals **vitals) {
  if (*vitals == NULL) return;
  nnt_node_memory_destroy(&(*vitals)->memory);
  free((*vitals)->beats);
  free((*vitals)->still);
  free(*vitals);
  *vitals = NULL;
}

nnt_node_vitals *nnt_vitals_node(nnt_vitals *vitals) {
  return vitals->node;
}

nnt_vital *nnt_vitals_own(nnt_vitals *vitals) {
  return &vitals->node->ranks[vitals->self];
}

void nnt_vitals_tick(nnt_vitals *vitals, double seconds) {
  atomic_fetch_add(&nnt_vitals_own(vitals)->beats, 1);
  for (int r = 0; r < vitals->size; ++r) {
    const nnt_vital *rank = &vitals->node->ranks[r];
    uint32_t beats = atomic_load(&rank->beats) + atomic_load(&rank->progress);
    vitals->still[r] = beats == vitals->beats[r] ? vitals->still[r] + seconds : 0.0;
    vitals->beats[r] = beats;
  }
}

bool nnt_vitals_runs(const nnt_vitals *vitals, int rank) {
  return rank == vitals->self || vitals->still[rank] < STILL_SECONDS;
}

bool nnt_vitals_leads(const nnt_vitals *vitals) {
  int first = 0;
  while (!nnt_vitals_runs(vitals, first)) ++first;
  return first == vitals->self;
}

bool nnt_vitals_all_silent(const nnt_vitals *vitals) {
  for (int r = 0; r < vitals->size; ++r) {
    if (nnt_vitals_runs(vitals, r) && atomic_load(&vitals->node->ranks[r].silent) == 0)
      return false;
  }
  return true;
}

bool nnt_vitals_all_ready(const nnt_vitals *vitals) {
  for (int r = 0; r < vitals->size; ++r) {
    if (nnt_vitals_runs(vitals, r) && atomic_load(&vitals->node->ranks[r].ready) == 0) return false;
  }
  return true;
}

/* The most updates that ranks [first, end) have finished, and begun. */
static void count_updates(const nnt_vitals *vitals, int first, int end, int64_t *done,
                          int64_t *begun) {
  *done = *begun = -1;
  for (int r = first; r < end; ++r) {
    const nnt_vital *rank = &vitals->node->ranks[r];
    int64_t rank_done = atomic_load(&rank->done), rank_begun = atomic_load(&rank->begun);
    if (rank_done > *done) *done = rank_done;
    if (rank_begun > *begun) *begun = rank_begun;
  }
}

int64_t nnt_vitals_done(const nnt_vitals *vitals) {
  int64_t done = 0, begun = 0;
  count_updates(vitals, 0, vitals->size, &done, &begun);
  return done;
}

int nnt_vitals_choose(const nnt_vitals *vitals, int64_t *updates) {
  int chosen = -1;
  *updates = -1;
  for (int r = 0; r < vitals->size; ++r) {
    const nnt_vital *rank = &vitals->node->ranks[r];
    int64_t done = 0, begun = 0;
    count_updates(vitals, vitals->shared ? 0 : r, vitals->shared ? vitals->size : r + 1, &done,
                  &begun);
    bool able = nnt_vitals_runs(vitals, r) && atomic_load(&rank->able) != 0;
    bool whole = done == begun && atomic_load(&rank->done) == done;
    if (!able || !whole || done <= *updates) continue;
    *updates = done;
    chosen = r;
  }
  return chosen;
}

bool nnt_vitals_is_missing(const nnt_vitals *vitals, int rank) {
  const nnt_vital *vital = &vitals->node->ranks[rank];
  if (!nnt_vitals_runs(vitals, rank)) return true;
  switch ((nnt_phase)atomic_load(&vital->phase)) {
    case NNT_PHASE_READING:
      return atomic_load(&vital->working) != 0;
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

void nnt_vitals_wake(const nnt_vitals *vitals) {
  for (int r = 0; r < vitals->size; ++r) {
    if (!nnt_vitals_runs(vitals, r)) (void)kill(vitals->node->ranks[r].process, SIGCONT);
  }
}

bool nnt_vitals_all_gone(const nnt_vitals *vitals) {
  for (int r = 0; r < vitals->size; ++r) {
    if (r != vitals->self && atomic_load(&vitals->node->ranks[r].gone) == 0) return false;
  }
  return true;
}
