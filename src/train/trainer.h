/* Synchronous data-parallel mini-batch SGD: the loop over steps and epochs. Collective. */
#ifndef NNT_TRAIN_TRAINER_H
#define NNT_TRAIN_TRAINER_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "input/data_source.h"
#include "io/checkpoint.h"
#include "net/model.h"

typedef struct nnt_trainer nnt_trainer;

/* All borrowed; must outlive the trainer. */
typedef struct nnt_trainer_inputs {
  const nnt_train_options *options;
  const nnt_train_events *events;
  int threads;
  const nnt_model *model;
  const nnt_data_source *data;
  const nnt_data_source *validation; /* or NULL */
  nnt_shuffling shuffling;           /* resolved */
  const char *selection;             /* as in a checkpoint */
  const char *data_digest;           /* as in a checkpoint */
  nnt_read_ahead *reader;            /* or NULL */
  const nnt_checkpoint *checkpoint;  /* to resume from; NULL: a new run */
  const nnt_checkpoint *start;       /* initial weights; NULL: random */
  double deadline;                   /* by which to have ended (base/clock.h); may be infinite */
} nnt_trainer_inputs;

nnt_status nnt_trainer_create(nnt_comm *comm, const nnt_trainer_inputs *inputs, nnt_trainer **out,
                              nnt_error *error) NNT_MUST_CHECK;
void nnt_trainer_destroy(nnt_trainer **trainer);

/* Trains the remaining epochs, with validation, metrics and checkpoints. */
nnt_status nnt_trainer_run(nnt_trainer *trainer, nnt_error *error) NNT_MUST_CHECK;

/* A few steps, to compare results and measure times. */
typedef struct nnt_probe {
  int64_t steps;       /* requested */
  double *losses;      /* [steps] of each step's batch */
  int64_t done;        /* initially 0; the last loss may be non-finite */
  double step_seconds; /* mean, without the first */
  double started;
} nnt_probe;

/* Trains the probe's steps, over as many epochs as needed; writes nothing to disk. Errors: those of
 * nnt_trainer_run. */
nnt_status nnt_trainer_probe(nnt_trainer *trainer, nnt_probe *probe,
                             nnt_error *error) NNT_MUST_CHECK;

nnt_status nnt_trainer_result(nnt_trainer *trainer, nnt_train_result *out,
                              nnt_error *error) NNT_MUST_CHECK;

/* Bytes of parameters and optimiser state (per node, or per rank when flat), and of gradients and
 * activations of `rows` samples (per rank). */
void nnt_trainer_bytes(const nnt_model *model, const nnt_train_options *options, int64_t rows,
                       int threads, int partials, int64_t *node, int64_t *rank);

#endif
