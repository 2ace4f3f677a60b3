/* Verifies that a run is bitwise reproducible on these ranks: trains its first steps on several
 * numbers of ranks and threads, with both kinds of allreduce and all instruction sets. */
#ifndef NNTRAIN_VERIFY_H
#define NNTRAIN_VERIFY_H

#include <nntrain/comm.h>
#include <nntrain/status.h>
#include <nntrain/train.h>
#include <stdbool.h>
#include <stdint.h>

/* Lists are borrowed. */
typedef struct nnt_verify_options {
  const nnt_train_options *train; /* output and validation are not needed; with resume and output
                                     the steps start from the newest checkpoint */
  int64_t steps;
  int rank_count;     /* 0: 1, 2, 3, powers of two and all */
  const int *ranks;   /* [rank_count], each at most the communicator's size */
  int thread_count;   /* 0: 1, 2, 3, powers of two and train->threads */
  const int *threads; /* [thread_count] */
} nnt_verify_options;

/* One configuration, and whether its result is identical to the first one's. */
typedef struct nnt_verify_row {
  int ranks, nodes, threads;
  nnt_allreduce allreduce;
  char isa[16];        /* of the kernels; "mixed" when the ranks differ */
  char digest[65];     /* SHA-256 of the parameters after the steps; "" if it failed */
  double step_seconds; /* mean, without the first step */
  bool first;          /* the reference of the others */
  bool same;
  int64_t different_step; /* from 1: the first with a different loss, or the last if only the
                             parameters differ; 0: none */
  char trouble[256];      /* why it failed; "" if it did not */
} nnt_verify_row;

/* Receives one row; called on rank 0 only. */
typedef void (*nnt_verify_line)(void *context, const nnt_verify_row *row);

typedef struct nnt_verify_result {
  int rows;
  int different; /* of them */
} nnt_verify_result;

/* The numbers of ranks to try, up to `most`: 1, 2, 3, powers of two, `most`. Writes at most `size`
 * numbers, in ascending order, and returns how many. */
NNT_API int nnt_verify_subset(int most, int size, int *out);

/* Collective; nothing is written to disk. Errors: NNT_DIFFERENT, naming the first row that differs
 * and its step, unless train->reduction is NNT_REDUCTION_FAST, which is not reproducible; those of
 * nnt_train. `out` is the same on all ranks. */
NNT_API nnt_status nnt_verify(nnt_comm *comm, const nnt_verify_options *options,
                              nnt_verify_line line, void *context, nnt_verify_result *out,
                              nnt_error *error) NNT_MUST_CHECK;

#endif
