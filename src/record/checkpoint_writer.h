/* Asynchronous checkpointing: a thread on rank 0 encodes and writes a copy of the state while
 * training continues. Local; called from the training thread. */
#ifndef NNT_RECORD_CHECKPOINT_WRITER_H
#define NNT_RECORD_CHECKPOINT_WRITER_H

#include <nntrain/log.h>

#include "input/read_ahead.h"
#include "io/checkpoint.h"

typedef struct nnt_checkpoint_writer nnt_checkpoint_writer;

/* All borrowed; must outlive the writer. */
typedef struct nnt_checkpoint_writer_plan {
  const char *output; /* run directory */
  int64_t keep;
  const nnt_model *model;
  nnt_optimizer_settings optimizer;
  int slots; /* of optimiser state */
  /* HDF5 is used by one thread at a time. The reader is paused while a copy is encoded; `at_once`:
   * the training thread reads data itself, so it encodes too. */
  nnt_read_ahead *reader;
  bool at_once;
  const nnt_train_state *from; /* of the checkpoint that the run was resumed from; NULL: none */
  const char *run_file;        /* NULL: none */
  const nnt_log *log;
} nnt_checkpoint_writer_plan;

nnt_status nnt_checkpoint_writer_create(const nnt_checkpoint_writer_plan *plan,
                                        nnt_checkpoint_writer **out,
                                        nnt_error *error) NNT_MUST_CHECK;
/* Ends the thread when it is done. *writer may be NULL. */
void nnt_checkpoint_writer_destroy(nnt_checkpoint_writer **writer);

/* Copies the state and returns; waits first while the previous checkpoint is being written. `best`:
 * retried with the next one if it cannot be written. The history has state->epoch entries. */
void nnt_checkpoint_writer_submit(nnt_checkpoint_writer *writer, const nnt_train_state *state,
                                  const nnt_history_entry *history, const float *parameters,
                                  const float *const slots[NNT_OPTIMIZER_SLOTS], bool best);
/* Warns, once, when a checkpoint could not be written. */
void nnt_checkpoint_writer_report(nnt_checkpoint_writer *writer);
/* Waits until the thread is idle. Errors: those of the last, or an unwritten best, checkpoint. */
nnt_status nnt_checkpoint_writer_finish(nnt_checkpoint_writer *writer,
                                        nnt_error *error) NNT_MUST_CHECK;

/* Waits up to `seconds`; whether no checkpoint is being written. From any thread. */
bool nnt_checkpoint_writer_idle_within(nnt_checkpoint_writer *writer, double seconds);

/* Seconds of the longest checkpoint, from submission to disk; 0: none yet. */
double nnt_checkpoint_writer_longest(nnt_checkpoint_writer *writer);

#endif
