/* A word from a rank that has no part of the gradients, and so nothing that its notes could travel
 * with, to rank 0. Costs a message only when there is something to say. */
#ifndef NNT_COMM_NOTICE_H
#define NNT_COMM_NOTICE_H

#include <nntrain/comm.h>
#include <stdbool.h>

typedef struct nnt_notice nnt_notice;

/* Collective. */
nnt_status nnt_notice_create(nnt_comm *comm, nnt_notice **out, nnt_error *error) NNT_MUST_CHECK;
/* Collective: what is still on its way is received. NULL in it is accepted, on all ranks. */
void nnt_notice_destroy(nnt_notice **notice);

/* Tells rank 0, once. Local. */
void nnt_notice_send(nnt_notice *notice);
/* On rank 0: whether any rank has told. Local. */
bool nnt_notice_arrived(nnt_notice *notice);

#endif
