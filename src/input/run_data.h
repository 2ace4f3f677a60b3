/* The data sets of a run: opened, planned, brought into use. */
#ifndef NNT_INPUT_RUN_DATA_H
#define NNT_INPUT_RUN_DATA_H

#include <nntrain/train.h>

#include "input/data_source.h"
#include "io/checkpoint.h"

typedef struct nnt_run_data {
  nnt_resident *train, *validation;   /* validation NULL: none */
  nnt_data_limit limit;               /* less the weights */
  int64_t weight_bytes;               /* a node */
  nnt_memory_plan plans[2];           /* of both */
  char selection[NNT_SELECTION_TEXT]; /* as in a checkpoint */
  char digest[NNT_SHA256_TEXT];       /* of the training data, as in a checkpoint */
  nnt_read_ahead *reader;             /* NULL: nothing is read ahead */
  nnt_data_source held[2];
} nnt_run_data;

/* `data` is all zero. Collective. */
nnt_status nnt_run_data_open(nnt_comm *comm, const nnt_train_options *options, nnt_run_data *data,
                             nnt_error *error) NNT_MUST_CHECK;
/* Whether the checkpoint is of the same part of a data set, with the same weights. Local. Errors:
 * NNT_BAD_USAGE. */
nnt_status nnt_run_data_check(const nnt_run_data *data, const nnt_checkpoint *checkpoint,
                              const char *output, nnt_error *error) NNT_MUST_CHECK;
/* Settles what lies in memory and the shuffle; what the options leave open is as `before` (NULL:
 * there is nothing before). Collective. */
nnt_status nnt_run_data_plan(nnt_comm *comm, const nnt_train_options *options,
                             const nnt_shuffling *before, nnt_run_data *data,
                             nnt_error *error) NNT_MUST_CHECK;
/* Reads what is planned to be in memory; for a dry run only the labels and some samples.
 * Collective. */
nnt_status nnt_run_data_load(nnt_comm *comm, const nnt_train_options *options, nnt_run_data *data,
                             nnt_error *error) NNT_MUST_CHECK;
/* Collective. One that is all zero is accepted. */
void nnt_run_data_clear(nnt_run_data *data);

#endif
