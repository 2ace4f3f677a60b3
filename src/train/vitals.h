/* The ranks of a node as their watchdogs see them: who runs, who waits, who holds a whole state.
 * Creating and destroying is collective; the rest is for the watchdog's thread, without MPI. */
#ifndef NNT_TRAIN_VITALS_H
#define NNT_TRAIN_VITALS_H

#include <nntrain/comm.h>
#include <stdbool.h>

#include "train/pulse.h"

/* In memory that the node's ranks share. Ranks are those of the node, plus 1; 0: none yet. */
typedef struct nnt_node_vitals {
  _Atomic uint32_t given_up; /* the rank that ends the run on this node; closes the gate */
  _Atomic uint32_t chosen;   /* the rank that writes the survivor checkpoint, or NNT_NOBODY */
  _Atomic uint32_t saved;    /* an nnt_saved */
  _Atomic uint32_t ended;    /* all leave */
  nnt_vital ranks[];
} __attribute__((aligned(64))) nnt_node_vitals;

#define NNT_NOBODY UINT32_MAX

typedef enum nnt_saved { NNT_NOT_YET, NNT_WRITTEN, NNT_THERE_ALREADY, NNT_NOT_WRITTEN } nnt_saved;

typedef struct nnt_vitals nnt_vitals;

/* `sharers`: whether the node's ranks share one copy of the parameters. */
nnt_status nnt_vitals_create(nnt_comm *comm, bool sharers, int64_t updates, nnt_vitals **out,
                             nnt_error *error) NNT_MUST_CHECK;
void nnt_vitals_destroy(nnt_vitals **vitals);
nnt_node_vitals *nnt_vitals_node(nnt_vitals *vitals);
/* This rank's. */
nnt_vital *nnt_vitals_own(nnt_vitals *vitals);

/* So many seconds have passed since the last time: beats for this rank, and looks who else does. */
void nnt_vitals_tick(nnt_vitals *vitals, double seconds);
/* Whether the process of a rank of the node runs; this rank's does. */
bool nnt_vitals_runs(const nnt_vitals *vitals, int rank);
/* Whether this rank is the first of those that run. */
bool nnt_vitals_leads(const nnt_vitals *vitals);
/* Whether every rank that runs is silent, and, of those, whether every one is ready. */
bool nnt_vitals_all_silent(const nnt_vitals *vitals);
bool nnt_vitals_all_ready(const nnt_vitals *vitals);
/* Updates that any rank has finished. */
int64_t nnt_vitals_done(const nnt_vitals *vitals);
/* With the gate closed: the rank that can write the newest whole state, and how many updates that
 * has; -1: none. */
int nnt_vitals_choose(const nnt_vitals *vitals, int64_t *updates);
/* Whether the others wait for this rank: it does not run, or it is not waiting itself. */
bool nnt_vitals_is_missing(const nnt_vitals *vitals, int rank);
/* Wakes processes that were stopped (SIGCONT), so that they can end. */
void nnt_vitals_wake(const nnt_vitals *vitals);
bool nnt_vitals_all_gone(const nnt_vitals *vitals);

#endif
