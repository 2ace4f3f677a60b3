/* The data sets of a run: opening, planning, loading. */
#ifndef NNT_INPUT_RUN_DATA_H
#define NNT_INPUT_RUN_DATA_H

#include <nntrain/train.h>

#include "input/data_source.h"
#include "io/checkpoint.h"

typedef struct nnt_run_data {
  nnt_resident *train, *validation;   /* validation NULL: none */
  nnt_data_limit limit;               /* minus the sample weights */
  int64_t weight_bytes;               /* per node */
  nnt_memory_plan plans[2];           /* of both */
  char selection[NNT_SELECTION_TEXT]; /* as in a checkpoint */
  char digest[NNT_SHA256_TEXT];       /* of the training data, as in a checkpoint */
  nnt_read_ahead *reader;             /* NULL: no read-ahead */
  nnt_data_source sources[2];
} nnt_run_data;

/* `data` is all zero. Collective. */
nnt_status nnt_run_data_open(nnt_comm *comm, const nnt_train_options *options, nnt_run_data *data,
                             nnt_error *error) NNT_MUST_CHECK;
/* Whether the checkpoint belongs to the same samples and weights. Local. Errors: NNT_BAD_USAGE. */
nnt_status nnt_run_data_check(const nnt_run_data *data, const nnt_checkpoint *checkpoint,
                              const char *output, nnt_error *error) NNT_MUST_CHECK;
/* Plans memory and shuffle; what the options leave open is taken from `before`, the shuffle of the
 * resumed run (NULL: none). Collective. */
nnt_status nnt_run_data_plan(nnt_comm *comm, const nnt_train_options *options,
                             const nnt_shuffling *before, nnt_run_data *data,
                             nnt_error *error) NNT_MUST_CHECK;
/* Loads what the plans keep in memory; for a dry run reads only labels and some samples.
 * Collective. */
nnt_status nnt_run_data_load(nnt_comm *comm, const nnt_train_options *options, nnt_run_data *data,
                             nnt_error *error) NNT_MUST_CHECK;
/* Collective. *data may be all zero. */
void nnt_run_data_clear(nnt_run_data *data);

#endif
