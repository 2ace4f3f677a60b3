/* A data set in use, resident in memory or streamed, behind one interface. */
#ifndef NNT_INPUT_DATA_SOURCE_H
#define NNT_INPUT_DATA_SOURCE_H

#include "input/memory_plan.h"
#include "input/stream.h"

typedef struct nnt_data_source {
  nnt_resident *data; /* borrowed */
  nnt_stream *stream; /* NULL: resident */
} nnt_data_source;

/* The sizes from which memory is planned. Local. */
nnt_data_size nnt_data_source_size(const nnt_resident *data);

/* Prepares an open data set as planned: loads it, or scans its labels and creates the stream.
 * `reader` is borrowed, NULL with collective reads; it must be destroyed before the stream.
 * Collective. */
nnt_status nnt_data_source_create(nnt_comm *comm, nnt_resident *data, const nnt_memory_plan *plan,
                                  nnt_io io, nnt_read_ahead *reader, nnt_data_source *out,
                                  nnt_error *error) NNT_MUST_CHECK;
/* Collective. */
void nnt_data_source_destroy(nnt_data_source *source);

/* The samples, of which the requested ones are in memory. Local. */
const nnt_samples *nnt_data_source_samples(const nnt_data_source *source);
/* The most samples that may be requested at once. Local. */
int64_t nnt_data_source_most(const nnt_data_source *source);

/* Begins a pass: in file order, or in `order`; `next` is the order of the pass after it (NULL:
 * none). Local. */
void nnt_data_source_start_in_order(const nnt_data_source *source);
void nnt_data_source_start(const nnt_data_source *source, const nnt_sample_order *order,
                           const nnt_sample_order *next);
/* Seconds that this rank has waited for samples so far. Local. */
double nnt_data_source_waited(const nnt_data_source *source);
/* As nnt_stream_need. Collective. */
nnt_status nnt_data_source_need(const nnt_data_source *source, int64_t first, int64_t count,
                                nnt_error *error) NNT_MUST_CHECK;

#endif
