/* Writing checkpoints while the training goes on: a thread on rank 0 that encodes and writes a copy
 * of the state. Local; called from the thread that trains. */
#ifndef NNT_TRAIN_SAVER_H
#define NNT_TRAIN_SAVER_H

#include <nntrain/log.h>

#include "io/checkpoint.h"
#include "train/reader.h"

typedef struct nnt_saver nnt_saver;

/* All borrowed, and to outlive the saver. */
typedef struct nnt_saver_plan {
  const char *output; /* directory of the run */
  int64_t keep;
  const nnt_model *model;
  nnt_optimizer_settings optimizer;
  int slots; /* of what the optimiser keeps */
  /* HDF5 is for one thread at a time. The reader is held while a copy is encoded; `at_once`: the
   * thread that trains reads itself, so it encodes too. */
  nnt_reader *reader;
  bool at_once;
  const nnt_train_state *from; /* of the checkpoint that the run goes on from; NULL: none */
  const char *run_file;        /* NULL: none */
  const nnt_log *log;
} nnt_saver_plan;

nnt_status nnt_saver_create(const nnt_saver_plan *plan, nnt_saver **out,
                            nnt_error *error) NNT_MUST_CHECK;
/* Ends the thread when it is through. NULL in it is accepted. */
void nnt_saver_destroy(nnt_saver **saver);

/* Copies the state and returns; waits first when a checkpoint before is not through. `best`: when
 * this one cannot be written, it is tried again with the next. The history has state->epoch
 * entries. */
void nnt_saver_submit(nnt_saver *saver, const nnt_train_state *state,
                      const nnt_history_entry *history, const float *parameters,
                      const float *const slots[NNT_OPTIMIZER_SLOTS], bool best);
/* Warns, once, when a checkpoint could not be written. */
void nnt_saver_report(nnt_saver *saver);
/* Waits. Errors: what the last checkpoint, or the best, failed with. */
nnt_status nnt_saver_finish(nnt_saver *saver, nnt_error *error) NNT_MUST_CHECK;

/* Whether nothing is being written, within so many seconds. From any thread. */
bool nnt_saver_rests_within(nnt_saver *saver, double seconds);

/* Seconds that the longest took, from the call to the disk; 0: there was none yet. */
double nnt_saver_longest(nnt_saver *saver);

#endif
