/* The directory of a run: its checkpoints, and which of them is the newest good one.
 *
 *   checkpoint-EEEEE.h5  after epoch E
 *   last.h5, best.h5     second names of the newest, and of the one with the lowest loss
 *   metrics.jsonl        (metrics_log.h)
 *
 * Local to the calling rank unless said otherwise. */
#ifndef NNT_TRAIN_RUN_DIRECTORY_H
#define NNT_TRAIN_RUN_DIRECTORY_H

#include <nntrain/comm.h>
#include <nntrain/log.h>
#include <nntrain/status.h>

#include "io/checkpoint.h"

/* Makes the directory and those above it, and checks that files can be made in it. *there is the
 * length of the part of `path` that was there before. Without `resume`, a directory that holds
 * checkpoints already is an error (NNT_BAD_USAGE). */
nnt_status nnt_run_directory_prepare(const char *path, bool resume, size_t *there,
                                     nnt_error *error) NNT_MUST_CHECK;
/* Removes the directories of `path` that prepare made, as far as they are still empty. */
void nnt_run_directory_discard(const char *path, size_t there);

/* Writes a checkpoint under its names, whole or not at all, and removes older ones so that `keep`
 * remain beside the best (0: all remain). */
nnt_status nnt_run_directory_save(const char *path, const nnt_checkpoint *checkpoint, bool is_best,
                                  int64_t keep, nnt_error *error) NNT_MUST_CHECK;

/* The newest good checkpoint, on all ranks; *out is NULL when the directory holds none. Damaged
 * ones are named in the log and skipped; when all are damaged, that is an error. Collective; rank
 * 0 reads. */
nnt_status nnt_run_directory_newest(nnt_comm *comm, const char *path, const nnt_log *log,
                                    nnt_checkpoint **out, nnt_error *error) NNT_MUST_CHECK;

/* A checkpoint file, or a directory's best.h5 (last.h5 where there is none), on all ranks.
 * Collective; rank 0 reads. */
nnt_status nnt_run_directory_open(nnt_comm *comm, const char *path, nnt_checkpoint **out,
                                  nnt_error *error) NNT_MUST_CHECK;
/* The same for one rank alone. */
nnt_status nnt_run_directory_open_local(const char *path, nnt_checkpoint **out,
                                        nnt_error *error) NNT_MUST_CHECK;

#endif
