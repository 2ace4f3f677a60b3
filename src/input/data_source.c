/* A data set in use: resident in memory or streamed. */
#include "input/data_source.h"

nnt_data_size nnt_data_source_size(const nnt_resident *data) {
  return (nnt_data_size){.name = data->name,
                         .samples = data->samples.count,
                         .row_bytes = nnt_resident_row_bytes(data),
                         .chunk_rows = data->shape.chunk_rows};
}

nnt_status nnt_data_source_create(nnt_comm *comm, nnt_resident *data, const nnt_memory_plan *plan,
                                  nnt_io io, nnt_read_ahead *reader, nnt_data_source *out,
                                  nnt_error *error) {
  *out = (nnt_data_source){.data = data};
  if (!plan->streaming) return nnt_resident_load(comm, data, io, error);
  nnt_status status = nnt_resident_scan(comm, data, error);
  if (status == NNT_OK && io == NNT_IO_COLLECTIVE) status = nnt_resident_share(comm, data, error);
  if (status == NNT_OK)
    status = nnt_stream_create(comm, data, reader, &plan->shuffling, &out->stream, error);
  return status;
}

void nnt_data_source_destroy(nnt_data_source *source) {
  nnt_stream_destroy(&source->stream);
}

const nnt_samples *nnt_data_source_samples(const nnt_data_source *source) {
  return source->stream != NULL ? nnt_stream_samples(source->stream) : &source->data->samples;
}

int64_t nnt_data_source_most(const nnt_data_source *source) {
  return source->stream != NULL ? nnt_stream_reach(source->stream) : source->data->samples.count;
}

void nnt_data_source_start_in_order(const nnt_data_source *source) {
  if (source->stream != NULL) nnt_stream_start_in_order(source->stream);
}

void nnt_data_source_start(const nnt_data_source *source, const nnt_sample_order *order,
                           const nnt_sample_order *next) {
  if (source->stream != NULL) nnt_stream_start(source->stream, order, next);
}

double nnt_data_source_waited(const nnt_data_source *source) {
  return source->stream != NULL ? nnt_stream_waited(source->stream) : 0.0;
}

nnt_status nnt_data_source_need(const nnt_data_source *source, int64_t first, int64_t count,
                                nnt_error *error) {
  return source->stream != NULL ? nnt_stream_need(source->stream, first, count, error) : NNT_OK;
}
