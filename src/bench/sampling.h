/* Medians of repeated runs, and peak rates of the machine to compare with. */
#ifndef NNT_BENCH_SAMPLING_H
#define NNT_BENCH_SAMPLING_H

#include <nntrain/bench.h>

#include "kernels/dispatch.h"

/* Runs of one measurement. */
#define NNT_BENCH_RUNS 11

typedef struct nnt_timing {
  double seconds; /* median, per call */
  double spread;  /* interquartile range / median */
} nnt_timing;

/* Calls `work` in NNT_BENCH_RUNS runs of `seconds` in total, after a warm-up. */
nnt_timing nnt_bench_time(void (*work)(void *context), void *context, double seconds);

/* Median and spread of values[0..count); sorts them. */
nnt_timing nnt_bench_median(double *values, int count);

/* FLOP/s of multiply-adds on registers only, over all threads. */
double nnt_bench_peak(const nnt_kernels *kernels, int threads, double seconds);

/* Bytes per second of y = y + a x on arrays larger than the caches, over all threads. */
nnt_status nnt_bench_bandwidth(int threads, double seconds, double *out,
                               nnt_error *error) NNT_MUST_CHECK;

#endif
