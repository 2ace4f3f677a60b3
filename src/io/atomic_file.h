/* Files that are whole or not there: written under a temporary name in the same folder, flushed
 * to disk, renamed, the folder flushed. A name that begins like ".nntrain-tmp-" is such a
 * temporary; a killed run leaves at most those, and they may be deleted.
 * Errors: NNT_IO_ERROR, with the path and the system's reason. */
#ifndef NNT_IO_ATOMIC_FILE_H
#define NNT_IO_ATOMIC_FILE_H

#include <nntrain/status.h>
#include <stddef.h>

typedef struct nnt_atomic_file nnt_atomic_file;

/* Reserves a temporary name beside `path`, or beside the file that it links to. Nothing is
 * created yet: the caller creates and writes the file of that name with any library. Fails
 * early when `path` is no regular file or its folder is missing or not writable. */
nnt_status nnt_atomic_begin(const char *path, nnt_atomic_file **out,
                            nnt_error *error) NNT_MUST_CHECK;
/* The temporary path to write to; owned by the handle. */
const char *nnt_atomic_path(const nnt_atomic_file *file);
/* Flushes the written file and puts it under its final name, replacing an older one. The handle
 * is gone; on failure the temporary file too. */
nnt_status nnt_atomic_commit(nnt_atomic_file **file, nnt_error *error) NNT_MUST_CHECK;
/* Removes the temporary file; NULL in it is accepted. */
void nnt_atomic_abandon(nnt_atomic_file **file);

/* Removes from a folder what a killed program left of these files: temporaries whose final names
 * begin like one of `names` (NULL-terminated). */
void nnt_atomic_sweep(const char *folder, const char *const *names);

/* All of it for bytes in memory, which are read back and compared before the file gets its name. */
nnt_status nnt_atomic_write(const char *path, const void *bytes, size_t size,
                            nnt_error *error) NNT_MUST_CHECK;
/* A second name for a whole file (a hard link, or a copy where the file system has none),
 * replacing an older file of that name as atomically. */
nnt_status nnt_atomic_alias(const char *existing, const char *alias,
                            nnt_error *error) NNT_MUST_CHECK;
/* Copies a whole file to the temporary path of `file`. */
nnt_status nnt_atomic_copy_from(const nnt_atomic_file *file, const char *source,
                                nnt_error *error) NNT_MUST_CHECK;

/* Reads a whole file; *bytes is owned by the caller, freed with nnt_memory_free. */
nnt_status nnt_file_read_all(const char *path, void **bytes, size_t *size,
                             nnt_error *error) NNT_MUST_CHECK;
/* Appends a text to a file, made when it is not there, and flushes it to disk; on failure nothing
 * of it stays, as far as the system lets. */
nnt_status nnt_file_append(const char *path, const char *text, nnt_error *error) NNT_MUST_CHECK;
/* Whether writing `output` would leave `input`, another file, as it is. Errors: NNT_BAD_USAGE. */
nnt_status nnt_file_check_other(const char *output, const char *input,
                                nnt_error *error) NNT_MUST_CHECK;
/* Makes a directory and those above it; an existing one is kept. */
nnt_status nnt_directory_make(const char *path, nnt_error *error) NNT_MUST_CHECK;
/* NNT_OK when files can be created in this directory. */
nnt_status nnt_directory_check_writable(const char *path, nnt_error *error) NNT_MUST_CHECK;

#endif
