/* What a rank shows of itself to the watchdogs of its node (guard/watchdog.h), in memory that the
 * node's ranks share, and the gate in front of every update.
 *
 * The parameters that a node's ranks share are those of update k, whole, if and only if k is the
 * largest number of updates that any of them has finished and the largest that any has begun. A
 * rank writes down that it begins an update, and then looks whether the gate is closed; whoever
 * wants to copy the parameters closes the gate, and then looks who has begun. So one of the two
 * sees the other (Dekker), and what was found whole stays whole. Costs a step a few stores.
 *
 * A heartbeat that is NULL is accepted everywhere: nobody watches. */
#ifndef NNT_COMM_HEARTBEAT_H
#define NNT_COMM_HEARTBEAT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What the training thread is about. */
typedef enum nnt_phase {
  NNT_PHASE_STARTING,
  NNT_PHASE_READING,    /* waits for samples of a stream */
  NNT_PHASE_COMPUTING,  /* its part of a step */
  NNT_PHASE_EXCHANGE,   /* waits for the other ranks */
  NNT_PHASE_VALIDATION, /* with the other ranks */
  NNT_PHASE_SAVING      /* rank 0: a checkpoint, metrics, messages */
} nnt_phase;

/* Of one rank; a cache line of its own. Each field has one writer. */
typedef struct nnt_rank_state {
  /* The training thread's. */
  _Atomic int64_t begun, done; /* updates of the parameters, counted over the whole run */
  _Atomic uint32_t phase;
  _Atomic uint32_t progress; /* changes whenever the thread comes a step further */
  /* The watchdog thread's. */
  _Atomic uint32_t beats;   /* changes while the process runs */
  _Atomic uint32_t silent;  /* no progress for the watchdog's time */
  _Atomic uint32_t ready;   /* has reported: the run is given up */
  _Atomic uint32_t able;    /* can write a checkpoint */
  _Atomic uint32_t gone;    /* about to end the process */
  _Atomic uint32_t working; /* reading is its own work, not another rank's */
  int32_t rank, process;    /* their numbers */
} __attribute__((aligned(64))) nnt_rank_state;

typedef struct nnt_heartbeat {
  nnt_rank_state *own;
  const _Atomic uint32_t *closed; /* the gate's, of the node: not 0 for ever after the end began */
} nnt_heartbeat;

static inline void nnt_heartbeat_progress(const nnt_heartbeat *heartbeat) {
  if (heartbeat == NULL) return;
  uint32_t progress = atomic_load_explicit(&heartbeat->own->progress, memory_order_relaxed);
  atomic_store_explicit(&heartbeat->own->progress, progress + 1, memory_order_relaxed);
}

static inline void nnt_heartbeat_phase(const nnt_heartbeat *heartbeat, nnt_phase phase) {
  if (heartbeat == NULL) return;
  atomic_store_explicit(&heartbeat->own->phase, (uint32_t)phase, memory_order_relaxed);
  nnt_heartbeat_progress(heartbeat);
}

/* Before anything of update number `update` is written; again for each part of it. Does not return
 * when the gate is closed: the process is about to end. */
static inline void nnt_heartbeat_begin_update(const nnt_heartbeat *heartbeat, int64_t update) {
  if (heartbeat == NULL ||
      atomic_load_explicit(&heartbeat->own->begun, memory_order_relaxed) >= update)
    return;
  atomic_store(&heartbeat->own->begun, update);
  if (atomic_load(heartbeat->closed) == 0) return;
  atomic_store(&heartbeat->own->begun, update - 1);
  for (;;) (void)nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
}

/* All of the update is written, by all ranks that share the parameters. */
static inline void nnt_heartbeat_end_update(const nnt_heartbeat *heartbeat, int64_t update) {
  if (heartbeat == NULL) return;
  atomic_store_explicit(&heartbeat->own->done, update, memory_order_release);
  nnt_heartbeat_progress(heartbeat);
}

#endif
