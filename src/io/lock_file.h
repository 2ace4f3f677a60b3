/* A lock that one process holds among those of all nodes, until it ends: a POSIX record lock on a
 * file, which NFS supports as well. A killed process leaves the file, but not the lock. */
#ifndef NNT_IO_LOCK_FILE_H
#define NNT_IO_LOCK_FILE_H

#include <nntrain/status.h>

typedef struct nnt_lock_file nnt_lock_file;

/* Creates the file if it is missing. Errors: NNT_BAD_USAGE if another process holds the lock, with
 * its host and process ID; NNT_IO_ERROR. If the file system has no locks, *out is NULL without an
 * error. */
nnt_status nnt_lock_file_take(const char *path, nnt_lock_file **out,
                              nnt_error *error) NNT_MUST_CHECK;
/* Removes the file; *lock may be NULL. */
void nnt_lock_file_release(nnt_lock_file **lock);

#endif
