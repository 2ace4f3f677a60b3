/* Stop requests sent to rank 0. */
#include "comm/stop_message.h"

#include <stdlib.h>

#include "comm/comm.h"

#define STOP_TAG 7301
/* Most messages per rank. */
#define MOST 1

struct nnt_stop_message {
  MPI_Comm world; /* borrowed; the tag separates these messages from others */
  int rank;
  int word;              /* send buffer */
  MPI_Request *requests; /* [MOST] */
  int sent, received;
};

nnt_status nnt_stop_message_create(nnt_comm *comm, nnt_stop_message **out, nnt_error *error) {
  *out = NULL;
  nnt_stop_message *message = calloc(1, sizeof *message);
  MPI_Request *requests = calloc(MOST, sizeof(MPI_Request));
  nnt_status status = NNT_OK;
  if (message == NULL || requests == NULL)
    status = nnt_fail_memory(error, sizeof *message, "messages between ranks");
  status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK) {
    free(requests);
    free(message);
    return status;
  }
  *message =
      (nnt_stop_message){.world = comm->world, .rank = comm->rank, .word = 1, .requests = requests};
  *out = message;
  return NNT_OK;
}

static void receive(nnt_stop_message *message) {
  int word = 0;
  if (MPI_Recv(&word, 1, MPI_INT, MPI_ANY_SOURCE, STOP_TAG, message->world, MPI_STATUS_IGNORE) !=
      MPI_SUCCESS)
    return;
  ++message->received;
}

void nnt_stop_message_destroy(nnt_stop_message **message) {
  nnt_stop_message *ending = *message;
  int all = 0;
  if (ending == NULL) return;
  if (MPI_Reduce(&ending->sent, &all, 1, MPI_INT, MPI_SUM, 0, ending->world) == MPI_SUCCESS) {
    for (int left = all - ending->received; ending->rank == 0 && left > 0; --left) receive(ending);
  }
  (void)MPI_Waitall(ending->sent, ending->requests, MPI_STATUSES_IGNORE);
  free(ending->requests);
  free(ending);
  *message = NULL;
}

void nnt_stop_message_send(nnt_stop_message *message) {
  if (message->sent >= MOST) return;
  if (MPI_Isend(&message->word, 1, MPI_INT, 0, STOP_TAG, message->world,
                &message->requests[message->sent]) == MPI_SUCCESS)
    ++message->sent;
}

bool nnt_stop_message_arrived(nnt_stop_message *message) {
  int waiting = 0;
  if (MPI_Iprobe(MPI_ANY_SOURCE, STOP_TAG, message->world, &waiting, MPI_STATUS_IGNORE) ==
          MPI_SUCCESS &&
      waiting)
    receive(message);
  return message->received > 0;
}
