/* The directory of a run: its checkpoints, and which of them is the newest good one.
 *
 *   checkpoint-EEEEE.h5           after epoch E
 *   checkpoint-EEEEE-SSSSSSSS.h5  after epoch E and S steps of the next
 *   last.h5, best.h5              second names of the newest, and of the one with the lowest loss
 *   metrics.jsonl                 (metrics_log.h)
 *   config.ini                    how to repeat the run
 *   .nntrain-lock                 held by rank 0 of the run that writes here
 *   .nntrain-watch-*              of a run on several nodes (board.h)
 *
 * Local to the calling rank unless said otherwise. */
#ifndef NNT_RECORD_RUN_DIRECTORY_H
#define NNT_RECORD_RUN_DIRECTORY_H

#include <nntrain/comm.h>
#include <nntrain/log.h>
#include <nntrain/status.h>
#include <stdbool.h>

#include "io/checkpoint.h"
#include "io/lock_file.h"

/* Room for a checkpoint's name without its directory. */
#define NNT_CHECKPOINT_NAME 64

/* The name of the checkpoint of this state. */
void nnt_run_directory_file_name(const nnt_train_state *state, char name[NNT_CHECKPOINT_NAME]);

/* Makes the directory and those above it, checks that files can be made in it, locks it, and sweeps
 * out what a killed run was writing. *there is the length of the part of `path` that was there
 * before; *lock is to be released before discard. Without `resume`, a directory that holds
 * checkpoints already is an error (NNT_BAD_USAGE), and so is one that another run holds. */
nnt_status nnt_run_directory_prepare(const char *path, bool resume, const nnt_log *log,
                                     size_t *there, nnt_lock_file **lock,
                                     nnt_error *error) NNT_MUST_CHECK;
/* Whether prepare would succeed, as far as that can be seen without making anything. */
nnt_status nnt_run_directory_check(const char *path, bool resume, nnt_error *error) NNT_MUST_CHECK;
/* Removes the directories of `path` that prepare made, as far as they are still empty. */
void nnt_run_directory_discard(const char *path, size_t there);

/* Writes an encoded checkpoint under its names, whole or not at all, and removes older ones so that
 * `keep` remain beside the best (0: all remain). */
nnt_status nnt_run_directory_store(const char *path, const nnt_train_state *state,
                                   const void *bytes, size_t size, int64_t keep,
                                   nnt_error *error) NNT_MUST_CHECK;
/* Writes config.ini, replacing an older one. */
nnt_status nnt_run_directory_keep_config(const char *path, const char *text,
                                         nnt_error *error) NNT_MUST_CHECK;
/* Whether a checkpoint after the same update is there, and its name; false: what its name would be.
 */
bool nnt_run_directory_has(const char *path, const nnt_train_state *state,
                           char name[NNT_CHECKPOINT_NAME]);
/* Makes last.h5 and best.h5 what they should be in this state, which was stored. */
nnt_status nnt_run_directory_point(const char *path, const nnt_train_state *state,
                                   nnt_error *error) NNT_MUST_CHECK;

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
