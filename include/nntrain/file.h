/* Output files, written atomically. Local to the caller. */
#ifndef NNTRAIN_FILE_H
#define NNTRAIN_FILE_H

#include <nntrain/status.h>
#include <stddef.h>

/* Whether an output can be written: its directory exists and is writable, and it is not an nntrain
 * checkpoint, which must not be overwritten by mistake. Nothing is changed. Errors: NNT_BAD_USAGE
 * for a checkpoint; NNT_BAD_INPUT. */
NNT_API nnt_status nnt_file_check_output(const char *path, nnt_error *error) NNT_MUST_CHECK;

/* Writes a file, atomically replacing an existing one; anything but a regular file, such as a pipe,
 * is written to directly. Errors: NNT_IO_ERROR. */
NNT_API nnt_status nnt_file_write(const char *path, const void *bytes, size_t size,
                                  nnt_error *error) NNT_MUST_CHECK;

#endif
