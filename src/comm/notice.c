/* A word to rank 0. */
#include "comm/notice.h"

#include <stdlib.h>

#include "comm/comm.h"

#define NOTICE_TAG 7301

struct nnt_notice {
  MPI_Comm world; /* borrowed; the tag keeps notices apart */
  int rank;
  int word; /* what is sent */
  MPI_Request request;
  int sent, received;
};

nnt_status nnt_notice_create(nnt_comm *comm, nnt_notice **out, nnt_error *error) {
  *out = NULL;
  nnt_notice *notice = calloc(1, sizeof *notice);
  if (notice == NULL) return nnt_fail_memory(error, sizeof *notice, "messages between ranks");
  *notice = (nnt_notice){
      .world = comm->world, .rank = comm->rank, .word = 1, .request = MPI_REQUEST_NULL};
  *out = notice;
  return NNT_OK;
}

static void receive(nnt_notice *notice) {
  int word = 0;
  if (MPI_Recv(&word, 1, MPI_INT, MPI_ANY_SOURCE, NOTICE_TAG, notice->world, MPI_STATUS_IGNORE) !=
      MPI_SUCCESS)
    return;
  ++notice->received;
}

void nnt_notice_destroy(nnt_notice **notice) {
  nnt_notice *ending = *notice;
  int all = 0;
  if (ending == NULL) return;
  if (MPI_Reduce(&ending->sent, &all, 1, MPI_INT, MPI_SUM, 0, ending->world) == MPI_SUCCESS) {
    for (int left = all - ending->received; ending->rank == 0 && left > 0; --left) receive(ending);
  }
  (void)MPI_Waitall(1, &ending->request, MPI_STATUSES_IGNORE);
  free(ending);
  *notice = NULL;
}

void nnt_notice_send(nnt_notice *notice) {
  if (notice->sent > 0) return;
  if (MPI_Isend(&notice->word, 1, MPI_INT, 0, NOTICE_TAG, notice->world, &notice->request) ==
      MPI_SUCCESS)
    notice->sent = 1;
}

bool nnt_notice_arrived(nnt_notice *notice) {
  int waiting = 0;
  if (MPI_Iprobe(MPI_ANY_SOURCE, NOTICE_TAG, notice->world, &waiting, MPI_STATUS_IGNORE) ==
          MPI_SUCCESS &&
      waiting)
    receive(notice);
  return notice->received > 0;
}
