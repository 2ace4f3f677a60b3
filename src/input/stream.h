/* A data set that passes through memory: two windows of it lie in memory that a node's ranks share,
 * one in use, the other being read ahead. Collective unless said otherwise.
 *
 * The ranks of a node read a window together, each a part of its blocks. Blocks lie in memory in
 * the order of the file, so neighbours are read at once. Without a reader every rank takes part in
 * collective reads, a few after each step, on the thread that trains: MPI-IO is MPI. */
#ifndef NNT_INPUT_STREAM_H
#define NNT_INPUT_STREAM_H

#include <nntrain/comm.h>
#include <nntrain/streaming.h>

#include "data/sample_order.h"
#include "data/samples.h"
#include "input/read_ahead.h"
#include "input/resident.h"

typedef struct nnt_stream nnt_stream;

/* Bytes a node of a stream with these blocks and windows. Local. */
double nnt_stream_bytes(int64_t samples, int64_t row_bytes, int node_ranks,
                        const nnt_shuffling *windows);

/* The most samples that may be asked for at once: a batch may lie across two windows. Local. */
int64_t nnt_stream_most(int64_t samples, const nnt_shuffling *windows);

/* `data` is open and scanned; it and `reader` (NULL: collective reads) are borrowed, and the reader
 * is destroyed first. Of `windows`, block and window are read. */
nnt_status nnt_stream_create(nnt_comm *comm, const nnt_resident *data, nnt_read_ahead *reader,
                             const nnt_shuffling *windows, nnt_stream **out,
                             nnt_error *error) NNT_MUST_CHECK;
/* *stream may be NULL. */
void nnt_stream_destroy(nnt_stream **stream);

/* Where the samples are that were asked for last. Local. */
const nnt_samples *nnt_stream_samples(const nnt_stream *stream);
/* As nnt_stream_most. Local. */
int64_t nnt_stream_reach(const nnt_stream *stream);

/* Begins a pass in this order, which has the stream's blocks and windows. `next` is the order of
 * the pass after it, NULL when there is none: its first window is read ahead too. Local. */
void nnt_stream_start(nnt_stream *stream, const nnt_sample_order *order,
                      const nnt_sample_order *next);
/* The same for one pass in the order of the file. Local. */
void nnt_stream_start_in_order(nnt_stream *stream);

/* Brings the samples at positions [first, first + count) into memory; the ones before are gone.
 * The same on all ranks, which are through with what they asked for before. Errors: what reading
 * fails with on any rank. */
nnt_status nnt_stream_need(nnt_stream *stream, int64_t first, int64_t count,
                           nnt_error *error) NNT_MUST_CHECK;
/* Seconds that this rank has spent in it so far. Local. */
double nnt_stream_waited(const nnt_stream *stream);

#endif
