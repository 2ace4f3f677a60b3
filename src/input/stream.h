/* A data set that is streamed through memory: double-buffered windows in memory shared by a node's
 * ranks, one in use, the other being read ahead. Collective unless said otherwise.
 *
 * The ranks of a node read a window together, each some of its blocks. Within a window blocks are
 * stored in file order, so adjacent ones are read at once. Without a reader all ranks make
 * collective reads, a few after each step, on the training thread, as MPI-IO needs MPI calls. */
#ifndef NNT_INPUT_STREAM_H
#define NNT_INPUT_STREAM_H

#include <nntrain/comm.h>
#include <nntrain/streaming.h>

#include "data/sample_order.h"
#include "data/samples.h"
#include "input/read_ahead.h"
#include "input/resident.h"

typedef struct nnt_stream nnt_stream;

/* Bytes per node of a stream with these blocks and windows. Local. */
double nnt_stream_bytes(int64_t samples, int64_t row_bytes, int node_ranks,
                        const nnt_shuffling *windows);

/* The most samples that may be requested at once: a batch may span two windows. Local. */
int64_t nnt_stream_most(int64_t samples, const nnt_shuffling *windows);

/* `data` is open and scanned; it and `reader` (NULL: collective reads) are borrowed, and the reader
 * must be destroyed first. Only block and window of `windows` are used. */
nnt_status nnt_stream_create(nnt_comm *comm, const nnt_resident *data, nnt_read_ahead *reader,
                             const nnt_shuffling *windows, nnt_stream **out,
                             nnt_error *error) NNT_MUST_CHECK;
/* *stream may be NULL. */
void nnt_stream_destroy(nnt_stream **stream);

/* The samples, of which those requested last are in memory. Local. */
const nnt_samples *nnt_stream_samples(const nnt_stream *stream);
/* As nnt_stream_most. Local. */
int64_t nnt_stream_reach(const nnt_stream *stream);

/* Begins a pass in this order, which has the stream's blocks and windows. `next` is the order of
 * the pass after it, whose first window is read ahead too; NULL: none. Local. */
void nnt_stream_start(nnt_stream *stream, const nnt_sample_order *order,
                      const nnt_sample_order *next);
/* The same for one pass in file order. Local. */
void nnt_stream_start_in_order(nnt_stream *stream);

/* Requests the samples at positions [first, first + count); earlier ones may be evicted. The same
 * on all ranks, which no longer use what they requested before. Errors: read errors of any rank. */
nnt_status nnt_stream_need(nnt_stream *stream, int64_t first, int64_t count,
                           nnt_error *error) NNT_MUST_CHECK;
/* Seconds that this rank has spent in nnt_stream_need so far. Local. */
double nnt_stream_waited(const nnt_stream *stream);

#endif
