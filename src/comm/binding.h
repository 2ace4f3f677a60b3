/* Where the ranks run: their hosts, the CPUs that each may use, and its number of threads.
 *
 * That is given by the caller or OMP_NUM_THREADS; the default is one thread per core that the rank
 * may use. Cores that several ranks of a node may use are divided among them. A core comprises all
 * of its hardware threads. */
#ifndef NNT_COMM_BINDING_H
#define NNT_COMM_BINDING_H

#include <nntrain/comm.h>
#include <nntrain/log.h>

typedef struct nnt_binding nnt_binding;

/* `threads`: requested for this rank; 0 selects the default. Collective. */
nnt_status nnt_binding_create(nnt_comm *comm, int threads, nnt_binding **out,
                              nnt_error *error) NNT_MUST_CHECK;
/* *binding may be NULL. Local, as the functions below. */
void nnt_binding_destroy(nnt_binding **binding);

/* Of this rank. */
int nnt_binding_threads(const nnt_binding *binding);
/* On rank 0: logs a line per group of identical hosts, and a warning where threads share cores (not
 * with OMPI_MCA_mpi_yield_when_idle=1, where oversubscription is intended). */
void nnt_binding_report(const nnt_binding *binding, const nnt_log *log);

/* Only the number of threads. Collective. */
nnt_status nnt_binding_settle(nnt_comm *comm, int wanted, int *threads,
                              nnt_error *error) NNT_MUST_CHECK;

#endif
