/* Sums over ranks that go on in the background. */
#include "comm/reduction.h"

#include <stdlib.h>

#include "comm/comm.h"

/* Floats of one MPI_Iallreduce; a larger bucket is several. MPI counts are int. */
#define PIECE ((int64_t)1 << 24)

struct nnt_reduction {
  MPI_Comm ranks;
  int size;
  int buckets;
  int pieces;            /* requests of a bucket, at most */
  MPI_Request *requests; /* [buckets, pieces] */
  int code;              /* first MPI error of a start */
};

nnt_status nnt_reduction_create(nnt_comm *comm, bool across_nodes, int buckets, int64_t most,
                                nnt_reduction **out, nnt_error *error) {
  *out = NULL;
  nnt_reduction *r = calloc(1, sizeof *r);
  int64_t pieces = most / PIECE + 1;
  MPI_Request *requests = calloc((size_t)(buckets * pieces), sizeof(MPI_Request));
  nnt_status status = NNT_OK;
  if (r == NULL || requests == NULL)
    status =
        nnt_fail_memory(error, (size_t)(buckets * pieces) * sizeof(MPI_Request), "a reduction");
  status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK) {
    free(r);
    free(requests);
    return status;
  }
  *r = (nnt_reduction){.ranks = MPI_COMM_NULL,
                       .buckets = buckets,
                       .pieces = (int)pieces,
                       .requests = requests,
                       .code = MPI_SUCCESS};
  for (int64_t i = 0; i < buckets * pieces; ++i) requests[i] = MPI_REQUEST_NULL;
  status = nnt_comm_check(
      MPI_Comm_split(comm->world, across_nodes ? comm->node_rank : 0, comm->rank, &r->ranks),
      "MPI_Comm_split", error);
  if (status != NNT_OK) {
    nnt_reduction_destroy(&r);
    return status;
  }
  MPI_Comm_set_errhandler(r->ranks, MPI_ERRORS_RETURN);
  MPI_Comm_size(r->ranks, &r->size);
  *out = r;
  return NNT_OK;
}

void nnt_reduction_destroy(nnt_reduction **reduction) {
  if (*reduction == NULL) return;
  if ((*reduction)->ranks != MPI_COMM_NULL) MPI_Comm_free(&(*reduction)->ranks);
  free((*reduction)->requests);
  free(*reduction);
  *reduction = NULL;
}

bool nnt_reduction_is_trivial(const nnt_reduction *reduction) {
  return reduction->size == 1;
}

void nnt_reduction_start(nnt_reduction *reduction, int bucket, float *values, int64_t count) {
  int done = 0;
  MPI_Request *request = reduction->requests + bucket * reduction->pieces;
  if (reduction->size == 1) return;
  for (int64_t first = 0; first < count; first += PIECE) {
    int piece = (int)(count - first < PIECE ? count - first : PIECE);
    int code = MPI_Iallreduce(MPI_IN_PLACE, values + first, piece, MPI_FLOAT, MPI_SUM,
                              reduction->ranks, request++);
    if (reduction->code == MPI_SUCCESS) reduction->code = code;
  }
  (void)MPI_Testall(reduction->buckets * reduction->pieces, reduction->requests, &done,
                    MPI_STATUSES_IGNORE);
}

nnt_status nnt_reduction_wait(nnt_reduction *reduction, int bucket, nnt_error *error) {
  if (reduction->size == 1) return NNT_OK;
  nnt_status status = nnt_comm_check(reduction->code, "MPI_Iallreduce", error);
  if (status != NNT_OK) return status;
  return nnt_comm_check(
      MPI_Waitall(reduction->pieces, reduction->requests + bucket * reduction->pieces,
                  MPI_STATUSES_IGNORE),
      "the exchange of gradients", error);
}
