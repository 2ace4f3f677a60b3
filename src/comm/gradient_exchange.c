/* Averaging the gradients over all ranks. */
#include "comm/gradient_exchange.h"

#include <assert.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/partition.h"
#include "comm/comm.h"
#include "comm/node_memory.h"
#include "comm/reduction.h"
#include "comm/shares.h"
#include "comm/tree_sum.h"

/* Slices begin at whole rows of a panel, to avoid false sharing between ranks. */
#define LINE 32
/* Seconds between two MPI polls: frequent enough to keep a link busy, and cheap. */
#define POLL_SECONDS 20e-6
/* Up to this many floats to update, a rank waits for all averages before its first update: there is
 * little to overlap, and while it waits its parameters are still consistent. */
#define LATE_FLOATS (INT64_C(1) << 18)

struct nnt_gradient_exchange {
  nnt_comm *comm;
  int buckets;
  int64_t *begin; /* [buckets + 1] */
  int64_t floats; /* of an arena */
  bool shared;
  int members, index; /* ranks that share the arenas, and this one among them; 1, 0 when flat */
  nnt_shares shares;
  nnt_node_memory *memory; /* parameters, state, gradients of each member */
  float *parameters, *gradients;
  float *state; /* [states, floats] */
  int states;
  double *scratch;
  float *first_gradients;   /* of member 0; each member has shares.most arenas */
  float *published;         /* [2, LINE]: the arena's averaged last row, double-buffered by step */
  int parity;               /* the buffer of this step */
  nnt_tree_sum *sum;        /* over the node's ranks */
  const float **addends;    /* [partial sums of the node's ranks] */
  float **results;          /* [buckets] destination of the averages of this rank's slices */
  nnt_reduction *reduction; /* over the nodes, or over all ranks when flat */
  int *started;             /* [buckets]: started buckets, in order */
  int started_count;
  double polled;     /* time of the last poll */
  nnt_status status; /* first error of a start */
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

/* Sharing needs the same number of ranks on every node, so that each slice has an owner on each. */
static nnt_status choose_shared(nnt_comm *comm, nnt_allreduce mode, bool *out, nnt_error *error) {
  int64_t sizes[2] = {comm->node_size, -comm->node_size};
  nnt_status status = nnt_comm_max_int(comm, sizes, 2, error);
  *out = mode == NNT_ALLREDUCE_AUTO && sizes[0] == -sizes[1];
  return status;
}

static nnt_status create_lists(nnt_gradient_exchange *e, const nnt_exchange_plan *plan,
                               nnt_error *error) {
  size_t buckets = (size_t)plan->buckets;
  e->buckets = plan->buckets;
  e->begin = calloc(buckets + 1, sizeof *e->begin);
  e->started = calloc(buckets, sizeof *e->started);
  e->results = calloc(buckets, sizeof *e->results);
  if (e->begin == NULL || e->started == NULL || e->results == NULL)
    return nnt_fail_memory(error, buckets * sizeof *e->begin, "gradient exchange");
  for (size_t b = 0; b <= buckets; ++b) assert(plan->begin[b] % LINE == 0);
  memcpy(e->begin, plan->begin, (buckets + 1) * sizeof *e->begin);
  e->floats = e->begin[buckets];
  return NNT_OK;
}

/* The shares of the ranks, and the order of summation. */
static nnt_status create_shares(nnt_gradient_exchange *e, const nnt_exchange_plan *plan,
                                nnt_error *error) {
  const nnt_comm *comm = e->comm;
  e->members = e->shared ? comm->node_size : 1;
  e->index = e->shared ? comm->node_rank : 0;
  nnt_status status =
      nnt_shares_create(plan->granules, e->shared ? comm->nodes : comm->size, e->members,
                        e->shared ? comm->node_index : comm->rank, e->index, &e->shares, error);
  if (status != NNT_OK) return status;
  size_t addends = (size_t)e->shares.in_node.items + 1;
  e->addends = calloc(addends, sizeof *e->addends);
  if (e->addends == NULL) return nnt_fail_memory(error, addends * sizeof *e->addends, "a sum");
  return nnt_tree_sum_create(&e->shares.in_node, plan->threads, &e->sum, error);
}

static nnt_status allocate(nnt_gradient_exchange *e, const nnt_exchange_plan *plan,
                           nnt_error *error) {
  int64_t arenas = (int64_t)e->members * e->shares.most + 1 + plan->states;
  size_t floats = (size_t)(arenas * e->floats + 2 * LINE);
  size_t bytes = floats * sizeof(float) + (size_t)plan->scratch * sizeof(double);
  nnt_status status = nnt_node_memory_create(
      e->comm, bytes, e->shared ? NNT_MEMORY_OF_NODE : NNT_MEMORY_OF_RANK, &e->memory, error);
  if (status != NNT_OK) return status;
  float *next = nnt_node_memory_data(e->memory);
  e->parameters = next;
  next += e->floats;
  e->states = plan->states;
  e->state = next;
  next += plan->states * e->floats;
  e->first_gradients = next;
  e->gradients = next + (int64_t)e->index * e->shares.most * e->floats;
  e->published = next + (int64_t)e->members * e->shares.most * e->floats;
  e->scratch = (double *)(void *)(e->published + 2 * LINE);
  return NNT_OK;
}

/* Every partial sum of the node's ranks, in the order of the granules. */
static void list_addends(nnt_gradient_exchange *e) {
  int64_t next = 0;
  for (int m = 0; m < e->members; ++m) {
    for (int i = 0; i < e->shares.member_partials[m]; ++i)
      e->addends[next++] = e->first_gradients + ((int64_t)m * e->shares.most + i) * e->floats;
  }
}

static nnt_status create_reduction(nnt_gradient_exchange *e, int threads, nnt_error *error) {
  int64_t *counts = calloc((size_t)e->buckets, sizeof *counts);
  nnt_status status = NNT_OK;
  if (counts == NULL)
    status = nnt_fail_memory(error, (size_t)e->buckets * sizeof *counts, "a reduction");
  status = nnt_comm_agree(e->comm, status, error);
  for (int b = 0; b < e->buckets && status == NNT_OK; ++b) {
    int64_t begin = 0, end = 0;
    slice_of(e, b, e->index, &begin, &end);
    counts[b] = end - begin;
    e->results[b] = e->gradients + begin;
  }
  nnt_reduction_plan plan = {.across_nodes = e->shared,
                             .buckets = e->buckets,
                             .counts = counts,
                             .results = e->results,
                             .partials = e->shares.exact ? e->shares.node_partials : NULL,
                             .sum = &e->shares.in_all,
                             .threads = threads};
  if (status == NNT_OK) status = nnt_reduction_create(e->comm, &plan, &e->reduction, error);
  free(counts);
  return status;
}

nnt_status nnt_gradient_exchange_create(nnt_comm *comm, const nnt_exchange_plan *plan,
                                        nnt_gradient_exchange **out, nnt_error *error) {
  bool shared = false;
  *out = NULL;
  nnt_gradient_exchange *e = calloc(1, sizeof *e);
  nnt_status status =
      e != NULL ? create_lists(e, plan, error) : nnt_fail_memory(error, sizeof *e, "an exchange");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = choose_shared(comm, plan->mode, &shared, error);
  if (status == NNT_OK) {
    e->comm = comm;
    e->shared = shared;
    status = nnt_comm_agree(comm, create_shares(e, plan, error), error);
  }
  if (status == NNT_OK) status = allocate(e, plan, error);
  if (status == NNT_OK) list_addends(e);
  if (status == NNT_OK) status = create_reduction(e, plan->threads, error);
  if (status != NNT_OK) {
    nnt_gradient_exchange_destroy(&e);
    return status;
  }
  *out = e;
  return NNT_OK;
}

void nnt_gradient_exchange_destroy(nnt_gradient_exchange **exchange) {
  nnt_gradient_exchange *e = *exchange;
  if (e == NULL) return;
  nnt_reduction_destroy(&e->reduction);
  nnt_node_memory_destroy(&e->memory);
  nnt_tree_sum_destroy(&e->sum);
  nnt_shares_clear(&e->shares);
  free(e->addends);
  free(e->results);
  free(e->begin);
  free(e->started);
  free(e);
  *exchange = NULL;
}

nnt_exchange_share nnt_gradient_exchange_share(const nnt_gradient_exchange *exchange) {
  const nnt_shares *shares = &exchange->shares;
  int node = exchange->shared ? exchange->comm->node_index : exchange->comm->rank;
  int64_t part = (int64_t)node * exchange->members + exchange->index;
  int64_t first = nnt_shares_begin(shares, part);
  return (nnt_exchange_share){.granules = shares->granules,
                              .first = first,
                              .count = nnt_shares_begin(shares, part + 1) - first,
                              .plan = &shares->own};
}

float *nnt_gradient_exchange_gradients(nnt_gradient_exchange *exchange) {
  return exchange->gradients;
}

float *nnt_gradient_exchange_parameters(nnt_gradient_exchange *exchange) {
  return exchange->parameters;
}

float *nnt_gradient_exchange_state(nnt_gradient_exchange *exchange, int index) {
  return index < exchange->states ? exchange->state + index * exchange->floats : NULL;
}

double *nnt_gradient_exchange_scratch(nnt_gradient_exchange *exchange) {
  return exchange->scratch;
}

int nnt_gradient_exchange_sharers(const nnt_gradient_exchange *exchange) {
  return exchange->members;
}

int nnt_gradient_exchange_index(const nnt_gradient_exchange *exchange) {
  return exchange->index;
}

bool nnt_gradient_exchange_writes(const nnt_gradient_exchange *exchange) {
  return exchange->index == 0;
}

nnt_status nnt_gradient_exchange_sync(nnt_gradient_exchange *exchange, nnt_error *error) {
  return nnt_node_memory_sync(exchange->memory, error);
}

static nnt_status node_barrier(const nnt_gradient_exchange *e, nnt_error *error) {
  if (e->members == 1) return NNT_OK;
  return nnt_node_memory_sync(e->memory, error);
}

/* All ranks of the node have completed the bucket: this rank sums its slice over them; inside a
 * parallel region each thread does its share. */
static void sum_slice(nnt_gradient_exchange *e, int bucket) {
  const nnt_sum_tree *plan = &e->shares.in_node;
  int64_t first = 0, end_of_slice = 0;
  slice_of(e, bucket, e->index, &first, &end_of_slice);
  for (int piece = 0; piece < nnt_reduction_pieces(e->reduction); ++piece) {
    float *outputs[NNT_SUM_PLACES];
    int64_t begin = 0, end = 0;
    for (int o = 0; o < plan->outputs; ++o)
      outputs[o] = nnt_reduction_addend(e->reduction, bucket, piece, o, &begin, &end);
    if (plan->outputs > 0 && omp_in_parallel())
      nnt_tree_sum_part(e->sum, omp_get_thread_num(), omp_get_num_threads(), e->addends,
                        first + begin, outputs, end - begin);
    else if (plan->outputs > 0)
      nnt_tree_sum_run(e->sum, e->addends, first + begin, outputs, end - begin);
  }
}

/* A barrier of the node's ranks, on the main thread; errors are recorded. */
static void wait_for_node(nnt_gradient_exchange *e) {
  nnt_error error;
  nnt_status status = node_barrier(e, &error);
  if (status == NNT_OK || e->status != NNT_OK) return;
  e->status = status;
  e->error = error;
}

void nnt_gradient_exchange_start(nnt_gradient_exchange *exchange, int bucket) {
  /* On a single node there is nothing to send, and everything is summed at the end, after one
   * barrier. */
  bool alone = nnt_reduction_is_trivial(exchange->reduction);
  if (omp_get_thread_num() == 0) {
    exchange->started[exchange->started_count++] = bucket;
    if (!alone) wait_for_node(exchange);
  }
  if (alone) return;
#pragma omp barrier
  if (exchange->status != NNT_OK) return;
  sum_slice(exchange, bucket);
#pragma omp barrier
  if (omp_get_thread_num() == 0) nnt_reduction_start(exchange->reduction, bucket);
}

void nnt_gradient_exchange_poll(nnt_gradient_exchange *exchange) {
  if (exchange->started_count == 0 || nnt_reduction_is_trivial(exchange->reduction)) return;
  double now = nnt_clock_seconds();
  if (now - exchange->polled < POLL_SECONDS) return;
  nnt_reduction_poll(exchange->reduction);
  exchange->polled = now;
}

/* Double-buffered: a rank may be a step ahead of one that still reads. */
static void publish(nnt_gradient_exchange *e) {
  memcpy(e->published + e->parity * LINE, e->gradients + e->floats - LINE, LINE * sizeof(float));
}

nnt_status nnt_gradient_exchange_finish(nnt_gradient_exchange *exchange, nnt_range_ready ready,
                                        void *context, nnt_error *error) {
  bool alone = nnt_reduction_is_trivial(exchange->reduction);
  nnt_status status = exchange->status;
  if (status != NNT_OK) *error = exchange->error;
  if (status == NNT_OK && alone) status = node_barrier(exchange, error);
  bool late = exchange->floats / exchange->members <= LATE_FLOATS;
  for (int i = 0; i < exchange->started_count && late && status == NNT_OK; ++i)
    status = nnt_reduction_wait(exchange->reduction, exchange->started[i], error);
  for (int i = 0; i < exchange->started_count && status == NNT_OK; ++i) {
    int bucket = exchange->started[i];
    int64_t begin = 0, end = 0;
    if (alone) sum_slice(exchange, bucket);
    status = nnt_reduction_wait(exchange->reduction, bucket, error);
    slice_of(exchange, bucket, exchange->index, &begin, &end);
    if (status != NNT_OK || end <= begin) continue;
    if (end == exchange->floats) publish(exchange);
    ready(context, bucket, begin, end, exchange->gradients);
    if (!alone) nnt_reduction_poll(exchange->reduction);
  }
  exchange->started_count = 0;
  nnt_reduction_reset(exchange->reduction);
  exchange->parity = 1 - exchange->parity;
  return status == NNT_OK ? node_barrier(exchange, error) : status;
}

const float *nnt_gradient_exchange_tail(const nnt_gradient_exchange *exchange) {
  return exchange->published + (1 - exchange->parity) * LINE;
}
