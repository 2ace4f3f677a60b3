/* Whether a run computes the same bits in every way to run it on these ranks: the first steps at
 * several numbers of ranks and threads, with both exchanges of gradients and all instruction sets.
 */
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
                                     the steps begin at the newest checkpoint */
  int64_t steps;
  int rank_count;     /* 0: 1, 2, 3, powers of two and all */
  const int *ranks;   /* [rank_count], each at most the communicator's size */
  int thread_count;   /* 0: 1, 2, 3, powers of two and train->threads */
  const int *threads; /* [thread_count] */
} nnt_verify_options;

/* One way to run, and whether it computed what the first did. */
typedef struct nnt_verify_row {
  int ranks, nodes, threads;
  nnt_allreduce allreduce;
  char isa[16];        /* of the kernels; "mixed" when the ranks have not the same */
  char digest[65];     /* SHA-256 of the parameters after the steps; "" when it broke off */
  double step_seconds; /* mean, without the first step */
  bool first;          /* what the others are compared with */
  bool same;
  int64_t different_step; /* from 1: the first with another loss, the last when only the
                             parameters are not the same; 0: none */
  char trouble[256];      /* why it broke off; "" when it did not */
} nnt_verify_row;

/* Receives one row; on rank 0 alone. */
typedef void (*nnt_verify_line)(void *context, const nnt_verify_row *row);

typedef struct nnt_verify_result {
  int rows;
  int different; /* of them */
} nnt_verify_result;

/* The ranks to try of `most`: 1, 2, 3, powers of two, `most`. Writes at most `size` numbers, in
 * ascending order, and returns how many. */
NNT_API int nnt_verify_subset(int most, int size, int *out);

/* Collective; nothing is written to disk. Errors: NNT_DIFFERENT, naming the first row that differs,
 * and its step, unless train->reduction is NNT_REDUCTION_FAST, which promises nothing; those of
 * nnt_train. `out` is the same on all ranks. */
NNT_API nnt_status nnt_verify(nnt_comm *comm, const nnt_verify_options *options,
                              nnt_verify_line line, void *context, nnt_verify_result *out,
                              nnt_error *error) NNT_MUST_CHECK;

#endif
