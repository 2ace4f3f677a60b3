/* A data set in use: whole in memory, or a stream of it. */
#include "train/held.h"

nnt_data_size nnt_held_size(const nnt_resident *data) {
  return (nnt_data_size){.name = data->name,
                         .samples = data->samples.count,
                         .row_bytes = nnt_resident_row_bytes(data),
                         .chunk_rows = data->shape.chunk_rows};
}

nnt_status nnt_held_create(nnt_comm *comm, nnt_resident *data, const nnt_data_plan *plan, nnt_io io,
                           nnt_reader *reader, nnt_held *out, nnt_error *error) {
  *out = (nnt_held){.data = data};
  if (!plan->streaming) return nnt_resident_load(comm, data, io, error);
  nnt_status status = nnt_resident_scan(comm, data, error);
  if (status == NNT_OK && io == NNT_IO_COLLECTIVE) status = nnt_resident_share(comm, data, error);
  if (status == NNT_OK)
    status = nnt_stream_create(comm, data, reader, &plan->shuffling, &out->stream, error);
  return status;
}

void nnt_held_destroy(nnt_held *held) {
  nnt_stream_destroy(&held->stream);
}

const nnt_samples *nnt_held_samples(const nnt_held *held) {
  return held->stream != NULL ? nnt_stream_samples(held->stream) : &held->data->samples;
}

int64_t nnt_held_most(const nnt_held *held) {
  return held->stream != NULL ? nnt_stream_reach(held->stream) : held->data->samples.count;
}

void nnt_held_start_in_order(const nnt_held *held) {
  if (held->stream != NULL) nnt_stream_start_in_order(held->stream);
}

void nnt_held_start(const nnt_held *held, const nnt_sample_order *order,
                    const nnt_sample_order *next) {
  if (held->stream != NULL) nnt_stream_start(held->stream, order, next);
}

double nnt_held_waited(const nnt_held *held) {
  return held->stream != NULL ? nnt_stream_waited(held->stream) : 0.0;
}

nnt_status nnt_held_need(const nnt_held *held, int64_t first, int64_t count, nnt_error *error) {
  return held->stream != NULL ? nnt_stream_need(held->stream, first, count, error) : NNT_OK;
}
