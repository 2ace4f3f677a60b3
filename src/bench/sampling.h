/* Medians of repeated runs, and the limits of the machine that they are compared with. */
#ifndef NNT_BENCH_SAMPLING_H
#define NNT_BENCH_SAMPLING_H

#include <nntrain/bench.h>

#include "kernels/dispatch.h"

/* Runs of one measurement. */
#define NNT_BENCH_RUNS 11

typedef struct nnt_timing {
  double seconds; /* median of one call */
  double spread;  /* distance of the quartiles / median */
} nnt_timing;

/* Calls `work` in NNT_BENCH_RUNS runs that last `seconds` together, after one run to warm up. */
nnt_timing nnt_bench_time(void (*work)(void *context), void *context, double seconds);

/* Median and spread of values[0..count); sorts them. */
nnt_timing nnt_bench_median(double *values, int count);

/* Operations a second of multiply-adds on registers alone, all threads together. */
double nnt_bench_peak(const nnt_kernels *kernels, int threads, double seconds);

/* Bytes a second of y = y + a x on arrays larger than the caches, all threads together. */
nnt_status nnt_bench_bandwidth(int threads, double seconds, double *out,
                               nnt_error *error) NNT_MUST_CHECK;

#endif
