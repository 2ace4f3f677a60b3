/* A prepared run of nnt_train (data, checkpoint, model), to be tried in several configurations.
 * Collective. */
#ifndef NNT_TRAIN_RUN_H
#define NNT_TRAIN_RUN_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "train/trainer.h"

typedef struct nnt_run nnt_run;

/* The options are borrowed; output is not needed, and nothing is written. Errors: those of
 * nnt_train before its first step. */
nnt_status nnt_run_create(nnt_comm *comm, const nnt_train_options *options, nnt_run **out,
                          nnt_error *error) NNT_MUST_CHECK;
/* *run may be NULL. */
void nnt_run_destroy(nnt_run **run);

/* Trains the probe's steps from the start of the run with `threads` threads per rank; `digest`:
 * SHA-256 of the parameters after them. Errors: those of nnt_trainer_run. */
nnt_status nnt_run_probe(nnt_run *run, nnt_allreduce allreduce, int threads, nnt_probe *probe,
                         char digest[65], nnt_error *error) NNT_MUST_CHECK;

#endif
