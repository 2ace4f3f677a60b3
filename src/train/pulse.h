/* What a rank shows of itself to the watchdogs of its node (train/watchdog.h), in memory that the
 * node's ranks share, and the gate in front of every update.
 *
 * The parameters that a node's ranks share are those of update k, whole, if and only if k is the
 * largest number of updates that any of them has finished and the largest that any has begun. A
 * rank writes down that it begins an update, and then looks whether the gate is closed; whoever
 * wants to copy the parameters closes the gate, and then looks who has begun. So one of the two
 * sees the other (Dekker), and what was found whole stays whole. Costs a step a few stores.
 *
 * A pulse that is NULL is accepted everywhere: nobody watches. */
#ifndef NNT_TRAIN_PULSE_H
#define NNT_TRAIN_PULSE_H

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
typedef struct nnt_vital {
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
} __attribute__((aligned(64))) nnt_vital;

typedef struct nnt_pulse {
  nnt_vital *own;
  const _Atomic uint32_t *closed; /* the gate's, of the node: not 0 for ever after the end began */
} nnt_pulse;

static inline void nnt_pulse_beat(const nnt_pulse *pulse) {
  if (pulse == NULL) return;
  uint32_t progress = atomic_load_explicit(&pulse->own->progress, memory_order_relaxed);
  atomic_store_explicit(&pulse->own->progress, progress + 1, memory_order_relaxed);
}

static inline void nnt_pulse_phase(const nnt_pulse *pulse, nnt_phase phase) {
  if (pulse == NULL) return;
  atomic_store_explicit(&pulse->own->phase, (uint32_t)phase, memory_order_relaxed);
  nnt_pulse_beat(pulse);
}

/* Before anything of update number `update` is written; again for each part of it. Does not return
 * when the gate is closed: the process is about to end. */
static inline void nnt_pulse_update(const nnt_pulse *pulse, int64_t update) {
  if (pulse == NULL || atomic_load_explicit(&pulse->own->begun, memory_order_relaxed) >= update)
    return;
  atomic_store(&pulse->own->begun, update);
  if (atomic_load(pulse->closed) == 0) return;
  atomic_store(&pulse->own->begun, update - 1);
  for (;;) (void)nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
}

/* All of the update is written, by all ranks that share the parameters. */
static inline void nnt_pulse_done(const nnt_pulse *pulse, int64_t update) {
  if (pulse == NULL) return;
  atomic_store_explicit(&pulse->own->done, update, memory_order_release);
  nnt_pulse_beat(pulse);
}

#endif
