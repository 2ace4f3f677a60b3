/* A lock that one process holds, on any node, and that ends with it: a POSIX record lock on a file,
 * which NFS knows too. What stays of a killed process is the file, without the lock. */
#ifndef NNT_IO_LOCK_FILE_H
#define NNT_IO_LOCK_FILE_H

#include <nntrain/status.h>

typedef struct nnt_lock_file nnt_lock_file;

/* Makes the file when it is not there. Errors: NNT_BAD_USAGE when another process holds the lock,
 * with its host and number; NNT_IO_ERROR. *out is NULL, without an error, where the file system has
 * no locks. */
nnt_status nnt_lock_file_take(const char *path, nnt_lock_file **out,
                              nnt_error *error) NNT_MUST_CHECK;
/* Removes the file. NULL in it is accepted. */
void nnt_lock_file_release(nnt_lock_file **lock);

#endif
