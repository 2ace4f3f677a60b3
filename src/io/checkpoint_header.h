/* The checkpoint's first 512 bytes, HDF5's user block: text, zero-filled.
 *
 *   nntrain-checkpoint VERSION
 *   bytes LENGTH OF THE FILE
 *   sha256 OF THESE TWO LINES AND ALL BYTES AFTER THE FIRST 512 (up to format 3: without the lines)
 */
#ifndef NNT_IO_CHECKPOINT_HEADER_H
#define NNT_IO_CHECKPOINT_HEADER_H

#include <nntrain/status.h>
#include <stddef.h>

#define NNT_CHECKPOINT_HEADER 512
#define NNT_CHECKPOINT_VERSION 4

/* Computes the header that belongs to a file's bytes, of format `version`. */
nnt_status nnt_checkpoint_header(const void *bytes, size_t size, int version,
                                 char header[NNT_CHECKPOINT_HEADER],
                                 nnt_error *error) NNT_MUST_CHECK;

#endif
