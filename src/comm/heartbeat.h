/* The state of a rank for the watchdogs of its node (guard/watchdog.h), in memory shared by the
 * node's ranks, and the gate in front of every update.
 *
 * The parameters shared by a node's ranks are consistent, those after update k, if and only if k is
 * both the most updates that any of them has finished and the most that any has begun. A rank
 * publishes that it begins an update and then checks the gate; whoever wants to copy the parameters
 * closes the gate and then checks who has begun. So at least one of the two sees the other
 * (Dekker's algorithm), and parameters that were consistent stay so. Costs a few stores per step.
 *
 * All functions accept a NULL heartbeat: there is no watchdog. */
#ifndef NNT_COMM_HEARTBEAT_H
#define NNT_COMM_HEARTBEAT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What the training thread is doing. */
typedef enum nnt_phase {
  NNT_PHASE_STARTING,
  NNT_PHASE_READING,    /* waiting for streamed samples */
  NNT_PHASE_COMPUTING,  /* its share of a step */
  NNT_PHASE_EXCHANGE,   /* waiting for the other ranks */
  NNT_PHASE_VALIDATION, /* with the other ranks */
  NNT_PHASE_SAVING      /* rank 0: a checkpoint, metrics, messages */
} nnt_phase;

/* The state of one rank, in a cache line of its own. Each field has one writer. */
typedef struct nnt_rank_state {
  /* Written by the training thread. */
  _Atomic int64_t begun, done; /* updates of the parameters, counted over the whole run */
  _Atomic uint32_t phase;
  _Atomic uint32_t progress; /* incremented whenever the thread makes progress */
  /* Written by the watchdog thread. */
  _Atomic uint32_t beats;   /* incremented while the process runs */
  _Atomic uint32_t silent;  /* no progress within the watchdog's timeout */
  _Atomic uint32_t ready;   /* has reported, in the abort of the run */
  _Atomic uint32_t able;    /* can write a checkpoint */
  _Atomic uint32_t gone;    /* about to exit */
  _Atomic uint32_t working; /* it is this rank that reads, not another */
  int32_t rank, process;    /* global rank, process id */
} __attribute__((aligned(64))) nnt_rank_state;

typedef struct nnt_heartbeat {
  nnt_rank_state *own;
  const _Atomic uint32_t *closed; /* the node's gate: nonzero from the start of an abort on */
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

/* Before any parameter of update number `update` is written; may be repeated for parts of it. Does
 * not return when the gate is closed: the process is about to end. */
static inline void nnt_heartbeat_begin_update(const nnt_heartbeat *heartbeat, int64_t update) {
  if (heartbeat == NULL ||
      atomic_load_explicit(&heartbeat->own->begun, memory_order_relaxed) >= update)
    return;
  atomic_store(&heartbeat->own->begun, update);
  if (atomic_load(heartbeat->closed) == 0) return;
  atomic_store(&heartbeat->own->begun, update - 1);
  for (;;) (void)nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
}

/* The update is complete on all ranks that share the parameters. */
static inline void nnt_heartbeat_end_update(const nnt_heartbeat *heartbeat, int64_t update) {
  if (heartbeat == NULL) return;
  atomic_store_explicit(&heartbeat->own->done, update, memory_order_release);
  nnt_heartbeat_progress(heartbeat);
}

#endif
