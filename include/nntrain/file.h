/* Files that a command writes: whole or not there. Local to the caller. */
#ifndef NNTRAIN_FILE_H
#define NNTRAIN_FILE_H

#include <nntrain/status.h>
#include <stddef.h>

/* Whether an output can be written there: its folder is there and writable, and it is none of
 * nntrain's checkpoints, which a slip of the hand must not replace. Nothing is changed.
 * Errors: NNT_BAD_USAGE for a checkpoint; NNT_BAD_INPUT. */
NNT_API nnt_status nnt_file_check_output(const char *path, nnt_error *error) NNT_MUST_CHECK;

/* Writes a file, replacing an older one at once when all of it is on disk; what is no regular file,
 * such as a pipe, is written to as it is. Errors: NNT_IO_ERROR. */
NNT_API nnt_status nnt_file_write(const char *path, const void *bytes, size_t size,
                                  nnt_error *error) NNT_MUST_CHECK;

#endif
