/* The run directory: its checkpoints, and which of them is the newest intact one.
 *
 *   checkpoint-EEEEE.h5           after epoch E
 *   checkpoint-EEEEE-SSSSSSSS.h5  after epoch E and S steps of the next
 *   last.h5, best.h5              aliases of the newest, and of the one with the lowest loss
 *   metrics.jsonl                 (metrics_log.h)
 *   config.ini                    run file to repeat the run
 *   .nntrain-lock                 locked by rank 0 of the run that writes here
 *   .nntrain-watch-*              of a run on several nodes (guard/node_files.h)
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

/* The file name of a checkpoint of this state. */
void nnt_run_directory_file_name(const nnt_train_state *state, char name[NNT_CHECKPOINT_NAME]);

/* Creates the directory and its parents, checks that it is writable, locks it, and removes
 * temporary files of a killed run. *there is the length of the part of `path` that existed before;
 * *lock must be released before discard. Errors: NNT_BAD_USAGE for a directory that contains
 * checkpoints, unless `resume`, or is locked by another run. */
nnt_status nnt_run_directory_prepare(const char *path, bool resume, const nnt_log *log,
                                     size_t *there, nnt_lock_file **lock,
                                     nnt_error *error) NNT_MUST_CHECK;
/* Whether prepare would succeed, as far as that can be checked without creating anything. */
nnt_status nnt_run_directory_check(const char *path, bool resume, nnt_error *error) NNT_MUST_CHECK;
/* Removes the directories of `path` that prepare has created, if they are still empty. */
void nnt_run_directory_discard(const char *path, size_t there);

/* Writes an encoded checkpoint under its names, atomically, and removes older ones so that `keep`
 * remain besides the best (0 keeps all). */
nnt_status nnt_run_directory_store(const char *path, const nnt_train_state *state,
                                   const void *bytes, size_t size, int64_t keep,
                                   nnt_error *error) NNT_MUST_CHECK;
/* Writes config.ini, replacing an older one. */
nnt_status nnt_run_directory_keep_config(const char *path, const char *text,
                                         nnt_error *error) NNT_MUST_CHECK;
/* Whether a checkpoint after the same update exists; `name` becomes its actual or possible name. */
bool nnt_run_directory_has(const char *path, const nnt_train_state *state,
                           char name[NNT_CHECKPOINT_NAME]);
/* Updates last.h5 and best.h5 for this state, which has been stored. */
nnt_status nnt_run_directory_point(const char *path, const nnt_train_state *state,
                                   nnt_error *error) NNT_MUST_CHECK;

/* The newest intact checkpoint, on all ranks; *out is NULL when the directory contains none.
 * Damaged ones are logged and skipped; an error if all are damaged. Collective; rank 0 reads. */
nnt_status nnt_run_directory_newest(nnt_comm *comm, const char *path, const nnt_log *log,
                                    nnt_checkpoint **out, nnt_error *error) NNT_MUST_CHECK;

/* A checkpoint file, or a directory's best.h5 (else last.h5), on all ranks. Collective; rank 0
 * reads. */
nnt_status nnt_run_directory_open(nnt_comm *comm, const char *path, nnt_checkpoint **out,
                                  nnt_error *error) NNT_MUST_CHECK;
/* The same for one rank alone. */
nnt_status nnt_run_directory_open_local(const char *path, nnt_checkpoint **out,
                                        nnt_error *error) NNT_MUST_CHECK;

#endif
