/* A word to rank 0. */
#include "comm/stop_message.h"

#include <stdlib.h>

#include "comm/comm.h"

#define NOTICE_TAG 7301
/* That a rank sends. */
#define MOST 1

struct nnt_stop_message {
  MPI_Comm world; /* borrowed; the tag keeps notices apart */
  int rank;
  int word;              /* what is sent */
  MPI_Request *requests; /* [MOST] */
  int sent, received;
};

nnt_status nnt_stop_message_create(nnt_comm *comm, nnt_stop_message **out, nnt_error *error) {
  *out = NULL;
  nnt_stop_message *notice = calloc(1, sizeof *notice);
  MPI_Request *requests = calloc(MOST, sizeof(MPI_Request));
  nnt_status status = NNT_OK;
  if (notice == NULL || requests == NULL)
    status = nnt_fail_memory(error, sizeof *notice, "messages between ranks");
  status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK) {
    free(requests);
    free(notice);
    return status;
  }
  *notice =
      (nnt_stop_message){.world = comm->world, .rank = comm->rank, .word = 1, .requests = requests};
  *out = notice;
  return NNT_OK;
}

static void receive(nnt_stop_message *notice) {
  int word = 0;
  if (MPI_Recv(&word, 1, MPI_INT, MPI_ANY_SOURCE, NOTICE_TAG, notice->world, MPI_STATUS_IGNORE) !=
      MPI_SUCCESS)
    return;
  ++notice->received;
}

void nnt_stop_message_destroy(nnt_stop_message **notice) {
  nnt_stop_message *ending = *notice;
  int all = 0;
  if (ending == NULL) return;
  if (MPI_Reduce(&ending->sent, &all, 1, MPI_INT, MPI_SUM, 0, ending->world) == MPI_SUCCESS) {
    for (int left = all - ending->received; ending->rank == 0 && left > 0; --left) receive(ending);
  }
  (void)MPI_Waitall(ending->sent, ending->requests, MPI_STATUSES_IGNORE);
  free(ending->requests);
  free(ending);
  *notice = NULL;
}

void nnt_stop_message_send(nnt_stop_message *notice) {
  if (notice->sent >= MOST) return;
  if (MPI_Isend(&notice->word, 1, MPI_INT, 0, NOTICE_TAG, notice->world,
                &notice->requests[notice->sent]) == MPI_SUCCESS)
    ++notice->sent;
}

bool nnt_stop_message_arrived(nnt_stop_message *notice) {
  int waiting = 0;
  if (MPI_Iprobe(MPI_ANY_SOURCE, NOTICE_TAG, notice->world, &waiting, MPI_STATUS_IGNORE) ==
          MPI_SUCCESS &&
      waiting)
    receive(notice);
  return notice->received > 0;
}
