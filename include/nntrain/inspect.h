/* Inspecting files. Local to the caller. */
#ifndef NNTRAIN_INSPECT_H
#define NNTRAIN_INSPECT_H

#include <nntrain/status.h>

/* Receives one line without a newline. */
typedef void (*nnt_line)(void *context, const char *line);

/* Describes a checkpoint (a file, or a run directory: its best.h5) or a data file, line by line. */
NNT_API nnt_status nnt_inspect(const char *path, nnt_line line, void *context,
                               nnt_error *error) NNT_MUST_CHECK;

/* SHA-256 of all parameters of a checkpoint, 64 hexadecimal digits: layer by layer the weights
 * [outputs, inputs], then the biases, float32. Equal networks have equal digests. */
NNT_API nnt_status nnt_inspect_digest(const char *path, char digest[65],
                                      nnt_error *error) NNT_MUST_CHECK;

/* The run file stored in a checkpoint; *out is freed with free(). Errors: NNT_BAD_INPUT when there
 * is none. */
NNT_API nnt_status nnt_inspect_run_file(const char *path, char **out,
                                        nnt_error *error) NNT_MUST_CHECK;

#endif
