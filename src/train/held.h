/* A data set in use: whole in memory, or a stream of it; the same calls for both. */
#ifndef NNT_TRAIN_HELD_H
#define NNT_TRAIN_HELD_H

#include "train/data_plan.h"
#include "train/stream.h"

typedef struct nnt_held {
  nnt_resident *data; /* borrowed */
  nnt_stream *stream; /* NULL: the samples lie in memory whole */
} nnt_held;

/* The sizes that a plan is made from. Local. */
nnt_data_size nnt_held_size(const nnt_resident *data);

/* Brings an open data set into use as planned: reads it, or its labels and makes the stream.
 * `reader` is borrowed, NULL with collective reads; it is destroyed before the stream. Collective.
 */
nnt_status nnt_held_create(nnt_comm *comm, nnt_resident *data, const nnt_data_plan *plan, nnt_io io,
                           nnt_reader *reader, nnt_held *out, nnt_error *error) NNT_MUST_CHECK;
/* Collective. */
void nnt_held_destroy(nnt_held *held);

/* Where samples are that were asked for. Local. */
const nnt_samples *nnt_held_samples(const nnt_held *held);
/* The most that may be asked for at once. Local. */
int64_t nnt_held_most(const nnt_held *held);

/* Begins a pass: in the order of the file, or in `order`, which `next` will follow (NULL: nothing
 * will). Local. */
void nnt_held_start_in_order(const nnt_held *held);
void nnt_held_start(const nnt_held *held, const nnt_sample_order *order,
                    const nnt_sample_order *next);
/* Seconds that this rank has waited for samples so far. Local. */
double nnt_held_waited(const nnt_held *held);
/* As nnt_stream_need. Collective. */
nnt_status nnt_held_need(const nnt_held *held, int64_t first, int64_t count,
                         nnt_error *error) NNT_MUST_CHECK;

#endif
