/* A word from a rank that has no part of the gradients, and so nothing that its notes could travel
 * with, to rank 0. Costs a message only when there is something to say. */
#ifndef NNT_COMM_STOP_MESSAGE_H
#define NNT_COMM_STOP_MESSAGE_H

#include <nntrain/comm.h>
#include <stdbool.h>

typedef struct nnt_stop_message nnt_stop_message;

/* Collective. */
nnt_status nnt_stop_message_create(nnt_comm *comm, nnt_stop_message **out,
                                   nnt_error *error) NNT_MUST_CHECK;
/* Collective: what is still on its way is received. NULL in it is accepted, on all ranks. */
void nnt_stop_message_destroy(nnt_stop_message **notice);

/* Tells rank 0, once. Local. */
void nnt_stop_message_send(nnt_stop_message *notice);
/* On rank 0: whether any rank has told. Local. */
bool nnt_stop_message_arrived(nnt_stop_message *notice);

#endif
