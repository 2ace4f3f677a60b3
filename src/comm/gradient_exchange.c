/* Averaging the gradients over all ranks. */
#include "comm/gradient_exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/partition.h"
#include "comm/comm.h"
#include "comm/node_memory.h"
#include "comm/reduction.h"
#include "kernels/dispatch.h"

/* Slices begin at whole rows of a panel: no two ranks write to one cache line. */
#define LINE 32

struct nnt_gradient_exchange {
  nnt_comm *comm;
  const nnt_kernels *kernels;
  int buckets;
  int64_t *begin; /* [buckets + 1] */
  int64_t floats; /* of an arena */
  bool shared;
  int members, index; /* ranks that share the arenas, and this one among them; 1, 0 when flat */
  nnt_node_memory *memory; /* parameters, state, gradients of each member */
  float *parameters, *state, *gradients;
  float *first_gradients; /* of member 0; the others follow at distance `floats` */
  float *published;       /* [2, LINE]: the arena's last row, averaged, of this step and the last */
  int parity;             /* which of the two is this step's */
  nnt_reduction *reduction; /* over the nodes, or over all ranks when flat */
  int *started;             /* [buckets]: buckets in the order of their starts */
  int started_count;
  nnt_status status; /* of the starts */
  nnt_error error;
};

/* The part of a bucket that `member` sums and updates. */
static void slice_of(const nnt_gradient_exchange *e, int bucket, int member, int64_t *begin,
                     int64_t *end) {
  int64_t first = e->begin[bucket];
  int64_t lines = nnt_ceil_div(e->begin[bucket + 1] - first, LINE);
  *begin = nnt_min_i64(first + nnt_partition_begin(lines, e->members, member) * LINE,
                       e->begin[bucket + 1]);
  *end = nnt_min_i64(first + nnt_partition_begin(lines, e->members, member + 1) * LINE,
                     e->begin[bucket + 1]);
}

/* Sharing needs as many ranks on every node, so that each slice has its rank everywhere. */
static nnt_status choose_shared(nnt_comm *comm, nnt_allreduce mode, bool *out, nnt_error *error) {
  int64_t sizes[2] = {comm->node_size, -comm->node_size};
  nnt_status status = nnt_comm_max_int(comm, sizes, 2, error);
  *out = mode == NNT_ALLREDUCE_AUTO && sizes[0] == -sizes[1];
  return status;
}

static nnt_status allocate(nnt_gradient_exchange *e, bool with_state, nnt_error *error) {
  int64_t arenas = e->members + 1 + (with_state ? 1 : 0);
  size_t bytes = (size_t)(arenas * e->floats + 2 * LINE) * sizeof(float);
  nnt_status status = nnt_node_memory_create(
      e->comm, bytes, e->shared ? NNT_MEMORY_OF_NODE : NNT_MEMORY_OF_RANK, &e->memory, error);
  if (status != NNT_OK) return status;
  float *next = nnt_node_memory_data(e->memory);
  e->parameters = next;
  next += e->floats;
  if (with_state) {
    e->state = next;
    next += e->floats;
  }
  e->first_gradients = next;
  e->gradients = next + e->index * e->floats;
  e->published = next + e->members * e->floats;
  return NNT_OK;
}

nnt_status nnt_gradient_exchange_create(nnt_comm *comm, const nnt_exchange_plan *plan,
                                        nnt_gradient_exchange **out, nnt_error *error) {
  size_t buckets = (size_t)plan->buckets;
  bool shared = false;
  *out = NULL;
  nnt_gradient_exchange *e = calloc(1, sizeof *e);
  int64_t *begin = calloc(buckets + 1, sizeof *begin);
  int *started = calloc(buckets, sizeof *started);
  nnt_status status = NNT_OK;
  if (e == NULL || begin == NULL || started == NULL)
    status = nnt_fail_memory(error, buckets * sizeof *begin, "gradient exchange");
  const nnt_kernels *kernels = NULL;
  if (status == NNT_OK) status = nnt_kernels_choose(&kernels, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = choose_shared(comm, plan->mode, &shared, error);
  if (status != NNT_OK) {
    free(begin);
    free(started);
    free(e);
    return status;
  }
  for (size_t b = 0; b <= buckets; ++b) assert(plan->begin[b] % LINE == 0);
  memcpy(begin, plan->begin, (buckets + 1) * sizeof *begin);
  *e = (nnt_gradient_exchange){.comm = comm,
                               .kernels = kernels,
                               .buckets = plan->buckets,
                               .begin = begin,
                               .floats = begin[buckets],
                               .shared = shared,
                               .members = shared ? comm->node_size : 1,
                               .index = shared ? comm->node_rank : 0,
                               .started = started};
  status = allocate(e, plan->with_state, error);
  if (status == NNT_OK)
    status = nnt_reduction_create(comm, shared, plan->buckets, e->floats, &e->reduction, error);
  if (status != NNT_OK) {
    nnt_gradient_exchange_destroy(&e);
    return status;
  }
  *out = e;
  return NNT_OK;
}

void nnt_gradient_exchange_destroy(nnt_gradient_exchange **exchange) {
  if (*exchange == NULL) return;
  nnt_reduction_destroy(&(*exchange)->reduction);
  nnt_node_memory_destroy(&(*exchange)->memory);
  free((*exchange)->begin);
  free((*exchange)->started);
  free(*exchange);
  *exchange = NULL;
}

float *nnt_gradient_exchange_gradients(nnt_gradient_exchange *exchange) {
  return exchange->gradients;
}

float *nnt_gradient_exchange_parameters(nnt_gradient_exchange *exchange) {
  return exchange->parameters;
}

float *nnt_gradient_exchange_state(nnt_gradient_exchange *exchange) {
  return exchange->state;
}

int nnt_gradient_exchange_sharers(const nnt_gradient_exchange *exchange) {
  return exchange->members;
}

bool nnt_gradient_exchange_writes(const nnt_gradient_exchange *exchange) {
  return exchange->index == 0;
}

nnt_status nnt_gradient_exchange_sync(nnt_gradient_exchange *exchange, nnt_error *error) {
  return nnt_node_memory_sync(exchange->memory, error);
}

/* Sums this rank's slice over the node's ranks, in their order, into its own gradients. */
static void sum_slice(const nnt_gradient_exchange *e, int64_t begin, int64_t end) {
  if (e->members > 1)
    e->kernels->elementwise->sum_arrays(e->first_gradients + begin, e->floats, e->members,
                                        e->gradients + begin, end - begin);
}

static nnt_status node_barrier(const nnt_gradient_exchange *e, nnt_error *error) {
  if (e->members == 1) return NNT_OK;
  return nnt_node_memory_sync(e->memory, error);
}

/* All local ranks have completed the bucket: this rank's slice goes on its way. */
static void send_slice(nnt_gradient_exchange *e, int bucket) {
  int64_t begin = 0, end = 0;
  slice_of(e, bucket, e->index, &begin, &end);
  sum_slice(e, begin, end);
  nnt_reduction_start(e->reduction, bucket, e->gradients + begin, end - begin);
}

void nnt_gradient_exchange_start(nnt_gradient_exchange *exchange, int bucket) {
  exchange->started[exchange->started_count++] = bucket;
  /* Inside one node there is nothing to send, and all is summed at the end, behind one barrier. */
  if (nnt_reduction_is_trivial(exchange->reduction)) return;
  nnt_error error;
  nnt_status status = node_barrier(exchange, &error);
  if (status != NNT_OK && exchange->status == NNT_OK) {
    exchange->status = status;
    exchange->error = error;
  }
  if (exchange->status == NNT_OK) send_slice(exchange, bucket);
}

/* Two places in turn: a rank may be a step ahead of one that still reads. */
static void publish(nnt_gradient_exchange *e) {
  memcpy(e->published + e->parity * LINE, e->gradients + e->floats - LINE, LINE * sizeof(float));
}

nnt_status nnt_gradient_exchange_finish(nnt_gradient_exchange *exchange, nnt_range_ready ready,
                                        void *context, nnt_error *error) {
  bool alone = nnt_reduction_is_trivial(exchange->reduction);
  nnt_status status = exchange->status;
  if (status != NNT_OK) *error = exchange->error;
  if (status == NNT_OK && alone) status = node_barrier(exchange, error);
  for (int i = 0; i < exchange->started_count && status == NNT_OK; ++i) {
    int bucket = exchange->started[i];
    int64_t begin = 0, end = 0;
    if (alone) send_slice(exchange, bucket);
    status = nnt_reduction_wait(exchange->reduction, bucket, error);
    slice_of(exchange, bucket, exchange->index, &begin, &end);
    if (status != NNT_OK || end <= begin) continue;
    if (end == exchange->floats) publish(exchange);
    ready(context, bucket, begin, end, exchange->gradients);
  }
  exchange->started_count = 0;
  exchange->parity = 1 - exchange->parity;
  return status == NNT_OK ? node_barrier(exchange, error) : status;
}

const float *nnt_gradient_exchange_tail(const nnt_gradient_exchange *exchange) {
  return exchange->published + (1 - exchange->parity) * LINE;
}
