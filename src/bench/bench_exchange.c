/* nnt_bench_exchange: the gradient exchange against plain MPI_Allreduce. */
#include <inttypes.h>
#include <nntrain/bench.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bench/sampling.h"
#include "comm/comm.h"
#include "comm/gradient_exchange.h"
#include "kernels/panels.h"

/* Runs of each, alternating, so that both see the same load. */
#define RUNS 15

typedef struct trial {
  nnt_comm *comm;
  nnt_gradient_exchange *exchange;
  float *plain;
  int64_t floats;
  int64_t calls; /* per run */
} trial;

static void leave(void *context, int bucket, int64_t begin, int64_t end, const float *gradients) {
  (void)context;
  (void)bucket;
  (void)begin;
  (void)end;
  (void)gradients;
}

static nnt_status run_ours(const trial *t, double *seconds, nnt_error *error) {
  nnt_status status = nnt_comm_barrier(t->comm, error);
  double started = nnt_clock_seconds();
  for (int64_t i = 0; i < t->calls && status == NNT_OK; ++i) {
    nnt_gradient_exchange_start(t->exchange, 0);
    status = nnt_gradient_exchange_finish(t->exchange, leave, NULL, error);
  }
  *seconds = (nnt_clock_seconds() - started) / (double)t->calls;
  return status;
}

static nnt_status run_plain(const trial *t, double *seconds, nnt_error *error) {
  nnt_status status = nnt_comm_barrier(t->comm, error);
  double started = nnt_clock_seconds();
  for (int64_t i = 0; i < t->calls && status == NNT_OK; ++i)
    status = nnt_comm_sum_floats(t->comm, t->plain, t->floats, error);
  *seconds = (nnt_clock_seconds() - started) / (double)t->calls;
  return status;
}

/* Alternating runs; rank 0's medians. All ranks agree on the largest number of calls. */
static nnt_status compare(trial *t, double seconds, nnt_timing *ours, nnt_timing *plain,
                          nnt_error *error) {
  double a[RUNS] = {0}, b[RUNS] = {0};
  t->calls = 1;
  nnt_status status = run_ours(t, &a[0], error);
  for (int warm = 0; warm < 2 && status == NNT_OK; ++warm) status = run_plain(t, &b[0], error);
  int64_t calls = (int64_t)(seconds / (2.0 * RUNS) / (b[0] + 1e-9)) + 1;
  if (status == NNT_OK) status = nnt_comm_max_int(t->comm, &calls, 1, error);
  t->calls = calls;
  for (int i = 0; i < RUNS && status == NNT_OK; ++i) {
    status = run_ours(t, &a[i], error);
    if (status == NNT_OK) status = run_plain(t, &b[i], error);
  }
  if (status != NNT_OK) return status;
  *ours = nnt_bench_median(a, RUNS);
  *plain = nnt_bench_median(b, RUNS);
  return NNT_OK;
}

static void report(const trial *t, const nnt_bench_options *options, nnt_timing ours,
                   nnt_timing plain, nnt_bench_line line, void *context) {
  nnt_bench_row row = {.group = "exchange",
                       .threads = options->threads,
                       .seconds = ours.seconds,
                       .spread = ours.spread,
                       .rate = (double)t->floats * sizeof(float) / ours.seconds * 1e-9,
                       .unit = "GB/s",
                       .fraction = plain.seconds / ours.seconds,
                       .limit = "MPI_Allreduce"};
  (void)snprintf(row.name, sizeof row.name, "%" PRId64 " floats", t->floats);
  if (nnt_comm_rank(t->comm) == 0) line(context, &row);
}

static nnt_status bench_size(nnt_comm *comm, int64_t floats, const nnt_bench_options *options,
                             nnt_bench_line line, void *context, nnt_error *error) {
  const int64_t begin[] = {0, (nnt_panel_count(floats) + 1) * NNT_PANEL};
  const nnt_exchange_plan plan = {
      .buckets = 1, .begin = begin, .mode = NNT_ALLREDUCE_AUTO, .threads = options->threads};
  trial t = {.comm = comm, .floats = floats};
  void *plain = NULL;
  nnt_timing ours, theirs;
  nnt_status status =
      nnt_memory_allocate((size_t)floats * sizeof(float), "gradients", &plain, error);
  status = nnt_comm_agree(comm, status, error);
  t.plain = plain;
  if (status == NNT_OK) status = nnt_gradient_exchange_create(comm, &plan, &t.exchange, error);
  if (status == NNT_OK) status = compare(&t, options->seconds, &ours, &theirs, error);
  if (status == NNT_OK) report(&t, options, ours, theirs, line, context);
  nnt_gradient_exchange_destroy(&t.exchange);
  nnt_memory_free(&plain);
  return status;
}

nnt_status nnt_bench_exchange(nnt_comm *comm, const nnt_bench_options *options, nnt_bench_line line,
                              void *context, nnt_error *error) {
  static const int64_t sizes[] = {64, 1024, 16384, 131072, 669706, 2621440, 10485760};
  nnt_status status = NNT_OK;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes && status == NNT_OK; ++i)
    status = bench_size(comm, sizes[i], options, line, context, error);
  return status;
}
