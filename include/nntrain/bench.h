/* Benchmarks: kernels, the gradient exchange and whole training steps, compared with the limits of
 * the machine. All times are medians of several runs, and the limits are measured in the same call,
 * so that the ratios are meaningful on a noisy machine. */
#ifndef NNTRAIN_BENCH_H
#define NNTRAIN_BENCH_H

#include <nntrain/comm.h>
#include <nntrain/model.h>
#include <nntrain/status.h>
#include <nntrain/train.h>
#include <stdint.h>

/* One measurement. */
typedef struct nnt_bench_row {
  char group[32]; /* "limit", "gemm", "elementwise", "exchange" */
  char name[64];
  int threads;     /* per rank */
  double seconds;  /* median of one run */
  double spread;   /* interquartile range / median */
  double rate;     /* in `unit` */
  char unit[16];   /* "GFLOP/s", "GB/s" */
  double fraction; /* of the limit; for the exchange: speed-up over MPI_Allreduce */
  char limit[32];  /* "peak", "memory", "MPI_Allreduce", "" for the limits themselves */
} nnt_bench_row;

/* Receives one row; called on rank 0 only. */
typedef void (*nnt_bench_line)(void *context, const nnt_bench_row *row);

typedef struct nnt_bench_options {
  int threads;                  /* largest number; 0: as nnt_train_options.threads */
  double seconds;               /* approximate time per row */
  nnt_reduction_kind reduction; /* of the steps' gradients */
} nnt_bench_options;

/* Peak FLOP/s and memory bandwidth, then the three matrix products of a layer and the elementwise
 * kernels, on one thread and on all. Local: call it on one rank. */
NNT_API nnt_status nnt_bench_kernels(const nnt_bench_options *options, nnt_bench_line line,
                                     void *context, nnt_error *error) NNT_MUST_CHECK;

/* The gradient exchange against MPI_Allreduce, 64 to 10 million floats. Collective. */
NNT_API nnt_status nnt_bench_exchange(nnt_comm *comm, const nnt_bench_options *options,
                                      nnt_bench_line line, void *context,
                                      nnt_error *error) NNT_MUST_CHECK;

/* A network to train on synthetic data. */
typedef struct nnt_bench_workload {
  char name[32];
  int64_t inputs, outputs;
  int hidden_count;
  int64_t hidden[NNT_MAX_LAYERS];
  nnt_activation activation;
  int64_t batch_size;
} nnt_bench_workload;

/* The named workloads: digits, nielsen, nf, fashion, higgs, wide. NULL beyond the last. */
NNT_API const nnt_bench_workload *nnt_bench_workload_at(int index);

/* Whole training steps. Seconds on rank 0, medians. `gather` locates the samples, which are
 * converted where the first layer's products read them, in forward and backward. With one rank the
 * backward pass includes the update. */
typedef struct nnt_bench_step {
  double step; /* total */
  double gather, forward, backward;
  double exchange; /* of the gradients, without overlapping computation */
  double exposed;  /* part of the exchange not hidden by the backward pass */
  double update;
  double spread; /* of step: interquartile range / median */
  double samples_per_second;
  double gflops;   /* GFLOP/s of the matrix products, over all ranks */
  double fraction; /* of the peak of all threads of all ranks, measured in the same call */
  int threads;     /* actually used per rank */
} nnt_bench_step;

/* Collective. `out` is filled on rank 0. */
NNT_API nnt_status nnt_bench_steps(nnt_comm *comm, const nnt_bench_workload *workload,
                                   const nnt_bench_options *options, nnt_bench_step *out,
                                   nnt_error *error) NNT_MUST_CHECK;

#endif
