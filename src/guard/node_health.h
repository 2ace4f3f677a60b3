/* Health of the ranks of a node, as observed by their watchdogs: who is running, who is waiting,
 * who has a consistent state. Creation and destruction are collective; the rest is for the watchdog
 * thread and makes no MPI calls. */
#ifndef NNT_GUARD_NODE_HEALTH_H
#define NNT_GUARD_NODE_HEALTH_H

#include <nntrain/comm.h>
#include <stdbool.h>

#include "comm/heartbeat.h"

/* In memory shared by the node's ranks. Ranks are node ranks plus 1; 0: none yet. */
typedef struct nnt_node_ranks {
  _Atomic uint32_t aborting; /* the rank that aborts the run on this node; closes the gate */
  _Atomic uint32_t chosen;   /* the rank that writes the emergency checkpoint, or NNT_NOBODY */
  _Atomic uint32_t saved;    /* an nnt_saved */
  _Atomic uint32_t ended;    /* all ranks exit */
  nnt_rank_state ranks[];
} __attribute__((aligned(64))) nnt_node_ranks;

#define NNT_NOBODY UINT32_MAX

typedef enum nnt_saved { NNT_NOT_YET, NNT_WRITTEN, NNT_THERE_ALREADY, NNT_NOT_WRITTEN } nnt_saved;

typedef struct nnt_node_health nnt_node_health;

/* `sharers`: whether the node's ranks share one copy of the parameters. */
nnt_status nnt_node_health_create(nnt_comm *comm, bool sharers, int64_t updates,
                                  nnt_node_health **out, nnt_error *error) NNT_MUST_CHECK;
void nnt_node_health_destroy(nnt_node_health **health);
nnt_node_ranks *nnt_node_health_node(nnt_node_health *health);
/* This rank's. */
nnt_rank_state *nnt_node_health_own(nnt_node_health *health);

/* `seconds` have passed since the last call: emits this rank's heartbeat and checks the others. */
void nnt_node_health_tick(nnt_node_health *health, double seconds);
/* Whether the process of a rank of the node is running; true for this rank. */
bool nnt_node_health_runs(const nnt_node_health *health, int rank);
/* Whether this rank is the first running one. */
bool nnt_node_health_leads(const nnt_node_health *health);
/* Whether all running ranks are silent; whether all of them are ready. */
bool nnt_node_health_all_silent(const nnt_node_health *health);
bool nnt_node_health_all_ready(const nnt_node_health *health);
/* The most updates that any rank has finished. */
int64_t nnt_node_health_done(const nnt_node_health *health);
/* With the gate closed: the rank that can write the newest consistent state, and the number of
 * updates in it; -1: none. */
int nnt_node_health_choose(const nnt_node_health *health, int64_t *updates);
/* Whether the others wait for this rank: it is not running, or not waiting itself. */
bool nnt_node_health_is_missing(const nnt_node_health *health, int rank);
/* Continues stopped processes (SIGCONT), so that they can exit. */
void nnt_node_health_wake(const nnt_node_health *health);
bool nnt_node_health_all_gone(const nnt_node_health *health);

#endif
