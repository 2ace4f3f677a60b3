/* Writing checkpoints while the training goes on: a thread on rank 0 that encodes and writes a copy
 * of the state. Local; called from the thread that trains. */
#ifndef NNT_RECORD_CHECKPOINT_WRITER_H
#define NNT_RECORD_CHECKPOINT_WRITER_H

#include <nntrain/log.h>

#include "input/read_ahead.h"
#include "io/checkpoint.h"

typedef struct nnt_checkpoint_writer nnt_checkpoint_writer;

/* All borrowed, and to outlive the writer. */
typedef struct nnt_checkpoint_writer_plan {
  const char *output; /* directory of the run */
  int64_t keep;
  const nnt_model *model;
  nnt_optimizer_settings optimizer;
  int slots; /* of what the optimiser keeps */
  /* HDF5 is for one thread at a time. The reader is held while a copy is encoded; `at_once`: the
   * thread that trains reads itself, so it encodes too. */
  nnt_read_ahead *reader;
  bool at_once;
  const nnt_train_state *from; /* of the checkpoint that the run goes on from; NULL: none */
  const char *run_file;        /* NULL: none */
  const nnt_log *log;
} nnt_checkpoint_writer_plan;

nnt_status nnt_checkpoint_writer_create(const nnt_checkpoint_writer_plan *plan,
                                        nnt_checkpoint_writer **out,
                                        nnt_error *error) NNT_MUST_CHECK;
/* Ends the thread when it is through. *writer may be NULL. */
void nnt_checkpoint_writer_destroy(nnt_checkpoint_writer **writer);

/* Copies the state and returns; waits first when a checkpoint before is not through. `best`: when
 * this one cannot be written, it is tried again with the next. The history has state->epoch
 * entries. */
void nnt_checkpoint_writer_submit(nnt_checkpoint_writer *writer, const nnt_train_state *state,
                                  const nnt_history_entry *history, const float *parameters,
                                  const float *const slots[NNT_OPTIMIZER_SLOTS], bool best);
/* Warns, once, when a checkpoint could not be written. */
void nnt_checkpoint_writer_report(nnt_checkpoint_writer *writer);
/* Waits. Errors: what the last checkpoint, or the best, failed with. */
nnt_status nnt_checkpoint_writer_finish(nnt_checkpoint_writer *writer,
                                        nnt_error *error) NNT_MUST_CHECK;

/* Whether nothing is being written, within so many seconds. From any thread. */
bool nnt_checkpoint_writer_rests_within(nnt_checkpoint_writer *writer, double seconds);

/* Seconds that the longest took, from the call to the disk; 0: there was none yet. */
double nnt_checkpoint_writer_longest(nnt_checkpoint_writer *writer);

#endif
