/* A data set in use: whole in memory, or a stream of it; the same calls for both. */
#ifndef NNT_INPUT_DATA_SOURCE_H
#define NNT_INPUT_DATA_SOURCE_H

#include "input/memory_plan.h"
#include "input/stream.h"

typedef struct nnt_data_source {
  nnt_resident *data; /* borrowed */
  nnt_stream *stream; /* NULL: the samples lie in memory whole */
} nnt_data_source;

/* The sizes that a plan is made from. Local. */
nnt_data_size nnt_data_source_size(const nnt_resident *data);

/* Brings an open data set into use as planned: reads it, or its labels and makes the stream.
 * `reader` is borrowed, NULL with collective reads; it is destroyed before the stream. Collective.
 */
nnt_status nnt_data_source_create(nnt_comm *comm, nnt_resident *data, const nnt_memory_plan *plan,
                                  nnt_io io, nnt_read_ahead *reader, nnt_data_source *out,
                                  nnt_error *error) NNT_MUST_CHECK;
/* Collective. */
void nnt_data_source_destroy(nnt_data_source *held);

/* Where samples are that were asked for. Local. */
const nnt_samples *nnt_data_source_samples(const nnt_data_source *held);
/* The most that may be asked for at once. Local. */
int64_t nnt_data_source_most(const nnt_data_source *held);

/* Begins a pass: in the order of the file, or in `order`, which `next` will follow (NULL: nothing
 * will). Local. */
void nnt_data_source_start_in_order(const nnt_data_source *held);
void nnt_data_source_start(const nnt_data_source *held, const nnt_sample_order *order,
                           const nnt_sample_order *next);
/* Seconds that this rank has waited for samples so far. Local. */
double nnt_data_source_waited(const nnt_data_source *held);
/* As nnt_stream_need. Collective. */
nnt_status nnt_data_source_need(const nnt_data_source *held, int64_t first, int64_t count,
                                nnt_error *error) NNT_MUST_CHECK;

#endif
