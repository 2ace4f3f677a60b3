/* Non-blocking reductions over ranks. */
#include "comm/reduction.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "comm/comm.h"
#include "comm/tree_sum.h"

/* Pieces begin at whole cache lines, and rows of the kernels. */
#define LINE 32

/* A bucket, with the MPI counts and displacements of its tree reduction in floats. */
typedef struct bucket {
  int64_t count;
  float *result;
  float *sent, *received;
  int *send_counts, *send_offsets, *receive_counts, *receive_offsets; /* [peers] */
  int *piece_counts, *piece_offsets;                                  /* [peers] of the result */
  bool gathering; /* the allgather of the sums has started */
} bucket;

struct nnt_reduction {
  MPI_Comm peers, back; /* `back` for MPI_Iallgatherv, whose starts are in an order of their own */
  int size, rank;
  int buckets;
  bucket *bucket;        /* [buckets] */
  MPI_Request *requests; /* [buckets] */
  bool ordered;
  int *partials;       /* [size] */
  nnt_tree_sum *sum;   /* adds up the received partial sums */
  const float **items; /* [partial sums of all peers] */
  int *counts;         /* the buckets' arrays of int, one allocation */
  void *memory;        /* send and receive buffers */
  int *started;        /* [buckets]: started buckets, in order */
  int started_count;
  int gathering; /* how many of these are in their allgather */
  int code;      /* first MPI error */
};

static int64_t total_partials(const nnt_reduction *r) {
  int64_t sum = 0;
  for (int p = 0; p < r->size; ++p) sum += r->partials[p];
  return sum;
}

static int64_t piece_begin(const nnt_reduction *r, const bucket *b, int piece) {
  int64_t lines = nnt_ceil_div(b->count, LINE);
  return nnt_min_i64(nnt_partition_begin(lines, r->size, piece) * LINE, b->count);
}

/* Two addends have the same sum in either order. */
static bool needs_order(const nnt_reduction *r, const nnt_reduction_plan *plan) {
  if (plan->partials == NULL || r->size == 1) return false;
  return r->size > 2 || plan->partials[0] != 1 || plan->partials[1] != 1;
}

static nnt_status split(nnt_comm *comm, const nnt_reduction_plan *plan, nnt_reduction *r,
                        nnt_error *error) {
  int color = plan->across_nodes ? comm->node_rank : 0;
  int key = plan->across_nodes ? comm->node_index : comm->rank;
  nnt_status status =
      nnt_comm_check(MPI_Comm_split(comm->world, color, key, &r->peers), "MPI_Comm_split", error);
  if (status == NNT_OK)
    status = nnt_comm_check(MPI_Comm_dup(r->peers, &r->back), "MPI_Comm_dup", error);
  if (status != NNT_OK) return status;
  MPI_Comm_set_errhandler(r->peers, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(r->back, MPI_ERRORS_RETURN);
  MPI_Comm_size(r->peers, &r->size);
  MPI_Comm_rank(r->peers, &r->rank);
  return NNT_OK;
}

/* The messages of one bucket. */
static void describe_messages(nnt_reduction *r, bucket *b) {
  int64_t own = r->partials[r->rank], sent = 0, received = 0;
  int64_t mine = piece_begin(r, b, r->rank + 1) - piece_begin(r, b, r->rank);
  for (int p = 0; p < r->size; ++p) {
    int64_t begin = piece_begin(r, b, p), length = piece_begin(r, b, p + 1) - begin;
    b->piece_counts[p] = (int)length;
    b->piece_offsets[p] = (int)begin;
    b->send_counts[p] = (int)(own * length);
    b->send_offsets[p] = (int)sent;
    b->receive_counts[p] = (int)(r->partials[p] * mine);
    b->receive_offsets[p] = (int)received;
    sent += own * length;
    received += r->partials[p] * mine;
  }
  /* Open MPI 4.1 advances a communicator's collective tag only on ranks that have messages: a rank
   * without any gets out of step and the next collective hangs. So it sends a float to itself. */
  if (sent == 0 && received == 0) b->send_counts[r->rank] = b->receive_counts[r->rank] = 1;
}

/* Floats in a bucket's send and receive buffers: room for the dummy message, and whole lines, as
 * the kernels need alignment. */
static int64_t sent_floats(const nnt_reduction *r, const bucket *b) {
  return nnt_max_i64(r->partials[r->rank] * b->count, LINE);
}

static int64_t received_floats(const nnt_reduction *r, const bucket *b) {
  int64_t mine = piece_begin(r, b, r->rank + 1) - piece_begin(r, b, r->rank);
  return nnt_max_i64(total_partials(r) * mine, LINE);
}

static nnt_status check_counts(const nnt_reduction *r, nnt_error *error) {
  for (int i = 0; i < r->buckets; ++i) {
    const bucket *b = &r->bucket[i];
    bool fits = b->count <= INT_MAX;
    if (fits && r->ordered) fits = sent_floats(r, b) <= INT_MAX && received_floats(r, b) <= INT_MAX;
    if (!fits)
      return nnt_fail(error, NNT_BAD_USAGE,
                      "a layer is too large for one MPI message\n%lld weights per rank, %d nodes\n"
                      "use smaller layers, or more ranks per node",
                      (long long)b->count, r->size);
  }
  return NNT_OK;
}

static nnt_status allocate_messages(nnt_reduction *r, nnt_error *error) {
  enum { ARRAYS = 6 };
  int64_t floats = 0;
  size_t ints = (size_t)r->buckets * ARRAYS * (size_t)r->size;
  for (int i = 0; i < r->buckets; ++i)
    floats += sent_floats(r, &r->bucket[i]) + received_floats(r, &r->bucket[i]);
  r->counts = calloc(ints, sizeof *r->counts);
  r->items = calloc((size_t)total_partials(r) + 1, sizeof *r->items);
  if (r->counts == NULL || r->items == NULL)
    return nnt_fail_memory(error, ints * sizeof *r->counts, "a reduction");
  nnt_status status = nnt_memory_allocate((size_t)floats * sizeof(float), "messages between nodes",
                                          &r->memory, error);
  float *next = r->memory;
  for (int i = 0; i < r->buckets && status == NNT_OK; ++i) {
    bucket *b = &r->bucket[i];
    int *arrays = r->counts + (size_t)i * ARRAYS * (size_t)r->size;
    int **const names[ARRAYS] = {&b->send_counts,     &b->send_offsets, &b->receive_counts,
                                 &b->receive_offsets, &b->piece_counts, &b->piece_offsets};
    for (int a = 0; a < ARRAYS; ++a) *names[a] = arrays + a * r->size;
    describe_messages(r, b);
    b->sent = next;
    b->received = next + sent_floats(r, b);
    next = b->received + received_floats(r, b);
  }
  return status;
}

static nnt_status prepare(nnt_reduction *r, const nnt_reduction_plan *plan, nnt_error *error) {
  r->buckets = plan->buckets;
  r->bucket = calloc((size_t)plan->buckets, sizeof *r->bucket);
  r->requests = calloc((size_t)plan->buckets, sizeof(MPI_Request));
  r->started = calloc((size_t)plan->buckets, sizeof *r->started);
  r->partials = calloc((size_t)r->size, sizeof *r->partials);
  if (r->bucket == NULL || r->requests == NULL || r->started == NULL || r->partials == NULL)
    return nnt_fail_memory(error, (size_t)plan->buckets * sizeof *r->bucket, "a reduction");
  for (int i = 0; i < plan->buckets; ++i)
    r->bucket[i] = (bucket){.count = plan->counts[i], .result = plan->results[i]};
  for (int i = 0; i < plan->buckets; ++i) r->requests[i] = MPI_REQUEST_NULL;
  r->ordered = needs_order(r, plan);
  if (plan->partials != NULL)
    memcpy(r->partials, plan->partials, (size_t)r->size * sizeof *r->partials);
  nnt_status status = check_counts(r, error);
  if (!r->ordered) return status;
  if (status == NNT_OK) status = nnt_tree_sum_create(plan->sum, plan->threads, &r->sum, error);
  if (status == NNT_OK) status = allocate_messages(r, error);
  return status;
}

nnt_status nnt_reduction_create(nnt_comm *comm, const nnt_reduction_plan *plan, nnt_reduction **out,
                                nnt_error *error) {
  *out = NULL;
  nnt_reduction *r = calloc(1, sizeof *r);
  nnt_status status = r != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *r, "a reduction");
  status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK) {
    free(r);
    return status;
  }
  *r = (nnt_reduction){.peers = MPI_COMM_NULL, .back = MPI_COMM_NULL, .code = MPI_SUCCESS};
  status = split(comm, plan, r, error);
  if (status == NNT_OK) status = nnt_comm_agree(comm, prepare(r, plan, error), error);
  if (status != NNT_OK) {
    nnt_reduction_destroy(&r);
    return status;
  }
  *out = r;
  return NNT_OK;
}

void nnt_reduction_destroy(nnt_reduction **reduction) {
  nnt_reduction *r = *reduction;
  if (r == NULL) return;
  if (r->peers != MPI_COMM_NULL) MPI_Comm_free(&r->peers);
  if (r->back != MPI_COMM_NULL) MPI_Comm_free(&r->back);
  nnt_tree_sum_destroy(&r->sum);
  nnt_memory_free(&r->memory);
  free(r->counts);
  free(r->items);
  free(r->partials);
  free(r->started);
  free(r->requests);
  free(r->bucket);
  free(r);
  *reduction = NULL;
}

bool nnt_reduction_is_trivial(const nnt_reduction *reduction) {
  return reduction->size == 1;
}

int nnt_reduction_pieces(const nnt_reduction *reduction) {
  return reduction->ordered ? reduction->size : 1;
}

float *nnt_reduction_addend(const nnt_reduction *reduction, int bucket_index, int piece,
                            int partial, int64_t *begin, int64_t *end) {
  const bucket *b = &reduction->bucket[bucket_index];
  *begin = 0;
  *end = b->count;
  if (!reduction->ordered) return b->result;
  *begin = b->piece_offsets[piece];
  *end = *begin + b->piece_counts[piece];
  return b->sent + b->send_offsets[piece] + (int64_t)partial * b->piece_counts[piece];
}

static void keep_code(nnt_reduction *r, int code) {
  if (r->code == MPI_SUCCESS) r->code = code;
}

void nnt_reduction_start(nnt_reduction *reduction, int bucket_index) {
  nnt_reduction *r = reduction;
  bucket *b = &r->bucket[bucket_index];
  if (r->size == 1) return;
  r->started[r->started_count++] = bucket_index;
  b->gathering = !r->ordered;
  if (!r->ordered) {
    keep_code(r, MPI_Iallreduce(MPI_IN_PLACE, b->result, (int)b->count, MPI_FLOAT, MPI_SUM,
                                r->peers, &r->requests[bucket_index]));
  } else {
    keep_code(r, MPI_Ialltoallv(b->sent, b->send_counts, b->send_offsets, MPI_FLOAT, b->received,
                                b->receive_counts, b->receive_offsets, MPI_FLOAT, r->peers,
                                &r->requests[bucket_index]));
  }
  nnt_reduction_poll(r);
}

/* All partial sums of this rank's piece have arrived: adds them and starts the allgather. */
static void send_back(nnt_reduction *r, int bucket_index) {
  bucket *b = &r->bucket[bucket_index];
  int64_t length = b->piece_counts[r->rank], item = 0;
  float *sum = b->result + b->piece_offsets[r->rank];
  for (int p = 0; p < r->size; ++p) {
    for (int q = 0; q < r->partials[p]; ++q)
      r->items[item++] = b->received + b->receive_offsets[p] + q * length;
  }
  nnt_tree_sum_run(r->sum, r->items, 0, &sum, length);
  b->gathering = true;
  keep_code(r, MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, b->result, b->piece_counts,
                               b->piece_offsets, MPI_FLOAT, r->back, &r->requests[bucket_index]));
}

/* Allgathers start in the order of the buckets' starts, so that all ranks make their collective
 * calls in the same order. */
static void advance(nnt_reduction *r) {
  while (r->gathering < r->started_count) {
    int next = r->started[r->gathering];
    if (!r->bucket[next].gathering) {
      int done = 0;
      keep_code(r, MPI_Testall(1, r->requests + next, &done, MPI_STATUSES_IGNORE));
      if (!done) return;
      send_back(r, next);
    }
    ++r->gathering;
  }
}

void nnt_reduction_poll(nnt_reduction *reduction) {
  int done = 0;
  if (reduction->code != MPI_SUCCESS) return;
  advance(reduction);
  if (reduction->started_count == 0 || reduction->gathering < reduction->started_count) return;
  /* Testing any request progresses all of them. */
  int last = reduction->started[reduction->started_count - 1];
  keep_code(reduction, MPI_Testall(1, reduction->requests + last, &done, MPI_STATUSES_IGNORE));
}

nnt_status nnt_reduction_wait(nnt_reduction *reduction, int bucket_index, nnt_error *error) {
  nnt_reduction *r = reduction;
  bucket *b = &r->bucket[bucket_index];
  if (r->size == 1) return NNT_OK;
  while (!b->gathering && r->code == MPI_SUCCESS) {
    int next = r->started[r->gathering];
    if (!r->bucket[next].gathering)
      keep_code(r, MPI_Waitall(1, r->requests + next, MPI_STATUSES_IGNORE));
    if (r->code == MPI_SUCCESS) advance(r);
  }
  nnt_status status = nnt_comm_check(r->code, "the exchange of gradients", error);
  if (status != NNT_OK) return status;
  return nnt_comm_check(MPI_Waitall(1, r->requests + bucket_index, MPI_STATUSES_IGNORE),
                        "the exchange of gradients", error);
}

void nnt_reduction_reset(nnt_reduction *reduction) {
  reduction->started_count = 0;
  reduction->gathering = 0;
}
