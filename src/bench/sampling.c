/* Medians of repeated runs, and peak rates of the machine. */
#include "bench/sampling.h"

#include <omp.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/partition.h"

/* Floats of each array of the bandwidth test: 256 MB. */
#define STREAM ((int64_t)1 << 26)

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

nnt_timing nnt_bench_median(double *values, int count) {
  qsort(values, (size_t)count, sizeof *values, ascending);
  double median = values[count / 2];
  return (nnt_timing){median, (values[count * 3 / 4] - values[count / 4]) / median};
}

static double time_calls(void (*work)(void *context), void *context, int64_t calls) {
  double started = nnt_clock_seconds();
  for (int64_t i = 0; i < calls; ++i) work(context);
  return (nnt_clock_seconds() - started) / (double)calls;
}

nnt_timing nnt_bench_time(void (*work)(void *context), void *context, double seconds) {
  double values[NNT_BENCH_RUNS];
  work(context);
  double once = time_calls(work, context, 1);
  once = time_calls(work, context, (int64_t)(0.02 * seconds / (once + 1e-9)) + 1);
  int64_t calls = (int64_t)(seconds / NNT_BENCH_RUNS / (once + 1e-9)) + 1;
  for (int i = 0; i < NNT_BENCH_RUNS; ++i) values[i] = time_calls(work, context, calls);
  return nnt_bench_median(values, NNT_BENCH_RUNS);
}

typedef struct spin_context {
  const nnt_kernels *kernels;
  int threads;
  double flops; /* of one call on one thread */
} spin_context;

static void spin(void *context) {
  spin_context *spin = context;
  double flops = 0.0;
#pragma omp parallel num_threads(spin->threads) reduction(max : flops)
  flops = spin->kernels->micro->spin(200000);
  spin->flops = flops;
}

double nnt_bench_peak(const nnt_kernels *kernels, int threads, double seconds) {
  spin_context context = {.kernels = kernels, .threads = threads};
  nnt_timing timing = nnt_bench_time(spin, &context, seconds);
  return context.flops * threads / timing.seconds;
}

typedef struct stream_context {
  int threads;
  const float *x;
  float *y;
} stream_context;

static void stream(void *context) {
  const stream_context *s = context;
#pragma omp parallel num_threads(s->threads)
  {
    int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    int64_t end = nnt_partition_begin(STREAM, threads, thread + 1);
    for (int64_t i = nnt_partition_begin(STREAM, threads, thread); i < end; ++i)
      s->y[i] += 0.5F * s->x[i];
  }
}

nnt_status nnt_bench_bandwidth(int threads, double seconds, double *out, nnt_error *error) {
  const size_t bytes = (size_t)STREAM * sizeof(float);
  void *x = NULL, *y = NULL;
  nnt_status status = nnt_memory_allocate(bytes, "the bandwidth test", &x, error);
  if (status == NNT_OK) status = nnt_memory_allocate(bytes, "the bandwidth test", &y, error);
  if (status == NNT_OK) {
    stream_context context = {threads, x, y};
    nnt_timing timing = nnt_bench_time(stream, &context, seconds);
    *out = 3.0 * (double)bytes / timing.seconds;
  }
  nnt_memory_free(&x);
  nnt_memory_free(&y);
  return status;
}
