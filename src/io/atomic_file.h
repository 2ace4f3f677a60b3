/* Atomic files, whole or not there at all: written under a temporary name in the same directory,
 * flushed to disk and renamed, after which the directory is flushed. Temporary names begin with
 * ".nntrain-tmp-"; a killed run leaves at most such files, which may be deleted.
 * Errors: NNT_IO_ERROR, with the path and the system's reason. */
#ifndef NNT_IO_ATOMIC_FILE_H
#define NNT_IO_ATOMIC_FILE_H

#include <nntrain/status.h>
#include <stddef.h>

typedef struct nnt_atomic_file nnt_atomic_file;

/* Chooses a temporary name beside `path`, or beside the file that it links to. Nothing is created
 * yet: the caller creates and writes the temporary file, with any library. Fails early if `path` is
 * not a regular file, or its directory is missing or not writable. */
nnt_status nnt_atomic_begin(const char *path, nnt_atomic_file **out,
                            nnt_error *error) NNT_MUST_CHECK;
/* The temporary path, to write to; owned by the handle. */
const char *nnt_atomic_path(const nnt_atomic_file *file);
/* Flushes the temporary file and renames it to its final name, replacing an older file. Destroys
 * the handle; on failure also removes the temporary file. */
nnt_status nnt_atomic_commit(nnt_atomic_file **file, nnt_error *error) NNT_MUST_CHECK;
/* Removes the temporary file and destroys the handle; *file may be NULL. */
void nnt_atomic_abandon(nnt_atomic_file **file);

/* Removes temporary files that a killed program left in a directory, if their final names begin
 * with one of `names` (NULL-terminated). */
void nnt_atomic_sweep(const char *directory, const char *const *names);

/* Writes bytes, reads them back and compares before the file gets its final name. */
nnt_status nnt_atomic_write(const char *path, const void *bytes, size_t size,
                            nnt_error *error) NNT_MUST_CHECK;
/* Gives a whole file a second name (a hard link, or a copy on file systems without links), which
 * atomically replaces an older file of that name. */
nnt_status nnt_atomic_alias(const char *existing, const char *alias,
                            nnt_error *error) NNT_MUST_CHECK;
/* Copies a whole file to the temporary path of `file`. */
nnt_status nnt_atomic_copy_from(const nnt_atomic_file *file, const char *source,
                                nnt_error *error) NNT_MUST_CHECK;

/* Reads a whole file; *bytes is owned by the caller, freed with nnt_memory_free. */
nnt_status nnt_file_read_all(const char *path, void **bytes, size_t *size,
                             nnt_error *error) NNT_MUST_CHECK;
/* Appends a text to a file, which is created if missing, and flushes it to disk. On failure the
 * file gets its old length back, as far as the system allows. */
nnt_status nnt_file_append(const char *path, const char *text, nnt_error *error) NNT_MUST_CHECK;
/* NNT_BAD_USAGE if `output` is the same file as `input`. */
nnt_status nnt_file_check_other(const char *output, const char *input,
                                nnt_error *error) NNT_MUST_CHECK;
/* Creates a directory and its parents; existing ones are kept. */
nnt_status nnt_directory_make(const char *path, nnt_error *error) NNT_MUST_CHECK;
/* NNT_OK if files can be created in this directory. */
nnt_status nnt_directory_check_writable(const char *path, nnt_error *error) NNT_MUST_CHECK;

#endif
