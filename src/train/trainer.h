/* Synchronous data-parallel mini-batch SGD: the loop over steps and epochs. Collective. */
#ifndef NNT_TRAIN_TRAINER_H
#define NNT_TRAIN_TRAINER_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "input/data_source.h"
#include "io/checkpoint.h"
#include "net/model.h"

typedef struct nnt_trainer nnt_trainer;

/* All borrowed, and to outlive the trainer. */
typedef struct nnt_trainer_inputs {
  const nnt_train_options *options;
  const nnt_train_events *events;
  int threads;
  const nnt_model *model;
  const nnt_data_source *data;
  const nnt_data_source *validation; /* NULL: none */
  nnt_shuffling shuffling;           /* settled */
  const char *selection;             /* as in a checkpoint */
  const char *data_digest;           /* as in a checkpoint */
  nnt_read_ahead *reader;            /* that reads ahead; NULL: none */
  const nnt_checkpoint *checkpoint;  /* where to go on; NULL: start */
  const nnt_checkpoint *start;       /* with these weights; NULL: with random ones */
  double deadline;                   /* when to have ended, by base/clock.h; may be infinite */
} nnt_trainer_inputs;

nnt_status nnt_trainer_create(nnt_comm *comm, const nnt_trainer_inputs *inputs, nnt_trainer **out,
                              nnt_error *error) NNT_MUST_CHECK;
void nnt_trainer_destroy(nnt_trainer **trainer);

/* Trains the epochs that are left, with validation, metrics and a checkpoint after each. */
nnt_status nnt_trainer_run(nnt_trainer *trainer, nnt_error *error) NNT_MUST_CHECK;

/* A few steps, for what they compute and how long they take. */
typedef struct nnt_probe {
  int64_t steps;       /* wanted */
  double *losses;      /* [steps] of each step's batch */
  int64_t done;        /* 0 at first; the last loss may be not finite */
  double step_seconds; /* mean, without the first */
  double started;
} nnt_probe;

/* Trains the probe's steps, over as many epochs as they take, and leaves nothing on disk. Errors:
 * as of nnt_trainer_run. */
nnt_status nnt_trainer_probe(nnt_trainer *trainer, nnt_probe *probe,
                             nnt_error *error) NNT_MUST_CHECK;

nnt_status nnt_trainer_result(nnt_trainer *trainer, nnt_train_result *out,
                              nnt_error *error) NNT_MUST_CHECK;

/* Bytes of parameters and optimiser state (once a node, or by rank when flat), and of gradients and
 * activations of `rows` samples (by rank). */
void nnt_trainer_bytes(const nnt_model *model, const nnt_train_options *options, int64_t rows,
                       int threads, int partials, int64_t *node, int64_t *rank);

#endif
