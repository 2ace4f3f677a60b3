/* Checkpoints: everything that predicting and an exact resume need, in one HDF5 file, and nothing
 * that ties it to a number of ranks. FORMAT.md has the layout.
 *
 * A checkpoint is encoded to and decoded from memory; the first 512 bytes (HDF5's user block)
 * hold the length and the SHA-256 of the rest, so that any damage is found before HDF5 reads a
 * byte. Local to the rank. */
#ifndef NNT_IO_CHECKPOINT_H
#define NNT_IO_CHECKPOINT_H

#include <nntrain/status.h>
#include <nntrain/streaming.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "net/layout.h"
#include "net/model.h"
#include "net/optimizer.h"

#define NNT_SELECTION_TEXT 320

/* One finished epoch; values that do not apply are NaN. */
typedef struct nnt_history_entry {
  int64_t epoch; /* from 1 */
  double train_loss;
  double validation_loss;
  double validation_accuracy;
} nnt_history_entry;

/* What must be the same when a run goes on, and where it stands. */
typedef struct nnt_train_state {
  int64_t epoch; /* finished epochs */
  int64_t step;  /* finished updates over the whole run */
  uint64_t seed;
  int64_t batch_size;
  int64_t samples;                    /* of the training set */
  int64_t granules;                   /* of a batch's exact sum; 0: the sum is a fast one */
  nnt_shuffling shuffling;            /* block and window with a windowed shuffle only */
  char selection[NNT_SELECTION_TEXT]; /* which part of the data set, and weights; "": whole */
  char data_digest[NNT_SHA256_TEXT];  /* of some samples; "": the checkpoint does not say */
  nnt_initializer initializer;
  double best_loss; /* lowest validation (or train) loss so far; infinity before the first */
  int64_t best_epoch;
  /* Of the epoch that was running; all 0 when none was. */
  int64_t epoch_step;   /* finished updates */
  double epoch_loss;    /* sum of the losses of their samples */
  double epoch_seconds; /* that they took */
} nnt_train_state;

typedef struct nnt_checkpoint {
  nnt_model model;
  nnt_train_state state;
  nnt_optimizer_settings optimizer;
  float *parameters; /* arena of nnt_layout_of(&model) */
  /* The same, what the optimiser keeps (net/optimizer.h has the names); NULL beyond the last. */
  float *slots[NNT_OPTIMIZER_SLOTS];
  nnt_history_entry *history;
  int64_t history_count;
  char *run_file; /* how to repeat the run; NULL: it does not say */
} nnt_checkpoint;

/* *bytes is owned by the caller, freed with nnt_memory_free. */
nnt_status nnt_checkpoint_encode(const nnt_checkpoint *checkpoint, void **bytes, size_t *size,
                                 nnt_error *error) NNT_MUST_CHECK;
/* `name` is used in messages. Errors: NNT_BAD_INPUT for a file that is damaged or not a checkpoint.
 * The result owns all its parts. */
nnt_status nnt_checkpoint_decode(const char *name, const void *bytes, size_t size,
                                 nnt_checkpoint **out, nnt_error *error) NNT_MUST_CHECK;
/* Whether the bytes are a whole checkpoint, by length and checksum. */
nnt_status nnt_checkpoint_verify(const char *name, const void *bytes, size_t size,
                                 nnt_error *error) NNT_MUST_CHECK;
/* Whether the bytes begin like a checkpoint. */
bool nnt_checkpoint_recognize(const void *bytes, size_t size);
/* For a checkpoint made by nnt_checkpoint_decode. */
void nnt_checkpoint_destroy(nnt_checkpoint **checkpoint);

#endif
