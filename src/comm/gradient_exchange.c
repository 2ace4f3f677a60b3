/* Summing the gradients over all ranks: MPI_Iallreduce, a bucket at a time. */
#include "comm/gradient_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "comm/comm.h"

/* Floats of one MPI_Iallreduce; a larger bucket is several. MPI counts are int. */
#define PIECE ((int64_t)1 << 24)

struct nnt_gradient_exchange {
  nnt_comm *comm;
  float *gradients;
  int buckets;
  int64_t *begin;         /* [buckets + 1] */
  int64_t *first_request; /* [buckets + 1]: bucket b owns requests [first[b], first[b + 1]) */
  MPI_Request *requests;
  int code; /* first MPI error of a start */
};

static int64_t pieces(const int64_t *begin, int bucket) {
  return (begin[bucket + 1] - begin[bucket] + PIECE - 1) / PIECE;
}

nnt_status nnt_gradient_exchange_create(nnt_comm *comm, float *gradients, int buckets,
                                        const int64_t *begin, nnt_gradient_exchange **out,
                                        nnt_error *error) {
  size_t bounds = (size_t)buckets + 1;
  int64_t requests = 0;
  for (int b = 0; b < buckets; ++b) requests += pieces(begin, b);
  *out = NULL;
  nnt_gradient_exchange *exchange = calloc(1, sizeof *exchange);
  if (exchange == NULL) return nnt_fail_memory(error, sizeof *exchange, "gradient exchange");
  exchange->comm = comm;
  exchange->gradients = gradients;
  exchange->buckets = buckets;
  exchange->code = MPI_SUCCESS;
  exchange->begin = calloc(bounds, sizeof *exchange->begin);
  exchange->first_request = calloc(bounds, sizeof *exchange->first_request);
  exchange->requests = calloc((size_t)requests + 1, sizeof(MPI_Request));
  if (exchange->begin == NULL || exchange->first_request == NULL || exchange->requests == NULL) {
    nnt_gradient_exchange_destroy(&exchange);
    return nnt_fail_memory(error, (size_t)requests * sizeof(MPI_Request), "gradient exchange");
  }
  memcpy(exchange->begin, begin, bounds * sizeof *begin);
  for (int b = 0; b < buckets; ++b)
    exchange->first_request[b + 1] = exchange->first_request[b] + pieces(begin, b);
  for (int64_t i = 0; i < requests; ++i) exchange->requests[i] = MPI_REQUEST_NULL;
  *out = exchange;
  return NNT_OK;
}

void nnt_gradient_exchange_destroy(nnt_gradient_exchange **exchange) {
  if (*exchange == NULL) return;
  free((*exchange)->begin);
  free((*exchange)->first_request);
  free((*exchange)->requests);
  free(*exchange);
  *exchange = NULL;
}

/* MPI progresses only inside its calls: every start also moves the earlier buckets on. */
static void progress(nnt_gradient_exchange *exchange) {
  int64_t all = exchange->first_request[exchange->buckets];
  int done = 0;
  (void)MPI_Testall((int)all, exchange->requests, &done, MPI_STATUSES_IGNORE);
}

void nnt_gradient_exchange_start(nnt_gradient_exchange *exchange, int bucket) {
  if (exchange->comm->size == 1) return;
  int64_t from = exchange->begin[bucket];
  for (int64_t i = exchange->first_request[bucket]; i < exchange->first_request[bucket + 1]; ++i) {
    int64_t left = exchange->begin[bucket + 1] - from;
    int count = (int)(left < PIECE ? left : PIECE);
    int code = MPI_Iallreduce(MPI_IN_PLACE, exchange->gradients + from, count, MPI_FLOAT, MPI_SUM,
                              exchange->comm->world, &exchange->requests[i]);
    if (exchange->code == MPI_SUCCESS) exchange->code = code;
    from += count;
  }
  progress(exchange);
}

nnt_status nnt_gradient_exchange_wait(nnt_gradient_exchange *exchange, int bucket,
                                      nnt_error *error) {
  if (exchange->comm->size == 1) return NNT_OK;
  nnt_status status = nnt_comm_check(exchange->code, "MPI_Iallreduce", error);
  if (status != NNT_OK) return status;
  int64_t first = exchange->first_request[bucket];
  int count = (int)(exchange->first_request[bucket + 1] - first);
  return nnt_comm_check(MPI_Waitall(count, exchange->requests + first, MPI_STATUSES_IGNORE),
                        "the exchange of gradients", error);
}
