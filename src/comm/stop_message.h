/* A stop request to rank 0 from a rank that has no share of the batch and therefore cannot send its
 * control flags with the gradients. Costs nothing until one is sent. */
#ifndef NNT_COMM_STOP_MESSAGE_H
#define NNT_COMM_STOP_MESSAGE_H

#include <nntrain/comm.h>
#include <stdbool.h>

typedef struct nnt_stop_message nnt_stop_message;

/* Collective. */
nnt_status nnt_stop_message_create(nnt_comm *comm, nnt_stop_message **out,
                                   nnt_error *error) NNT_MUST_CHECK;
/* Collective: receives pending messages. *message may be NULL, on all ranks. */
void nnt_stop_message_destroy(nnt_stop_message **message);

/* Sends the request to rank 0, once. Local. */
void nnt_stop_message_send(nnt_stop_message *message);
/* On rank 0: whether a request has arrived. Local. */
bool nnt_stop_message_arrived(nnt_stop_message *message);

#endif
