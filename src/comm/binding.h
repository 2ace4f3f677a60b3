/* Where the ranks run: their hosts, the CPUs that each may use, and the threads that it gets.
 *
 * A rank's threads are what the caller or OMP_NUM_THREADS says, else one for each core that the
 * rank may use; cores that several ranks of a node may use are divided among them. A core is all
 * hardware threads of it. */
#ifndef NNT_COMM_BINDING_H
#define NNT_COMM_BINDING_H

#include <nntrain/comm.h>
#include <nntrain/log.h>

typedef struct nnt_binding nnt_binding;

/* `threads`: wanted on this rank, 0: not said. Collective. */
nnt_status nnt_binding_create(nnt_comm *comm, int threads, nnt_binding **out,
                              nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted. Local, as the rest. */
void nnt_binding_destroy(nnt_binding **binding);

/* Of this rank. */
int nnt_binding_threads(const nnt_binding *binding);
/* On rank 0: a line for every group of alike hosts, and a warning where threads share cores (not
 * with OMPI_MCA_mpi_yield_when_idle=1, with which they do so on purpose). */
void nnt_binding_report(const nnt_binding *binding, const nnt_log *log);

/* Only the threads. Collective. */
nnt_status nnt_binding_settle(nnt_comm *comm, int wanted, int *threads,
                              nnt_error *error) NNT_MUST_CHECK;

#endif
