/* The weight of each sample in training: one array per data set, in the node's shared memory,
 * whether the samples are resident or streamed. */
#ifndef NNT_INPUT_SAMPLE_WEIGHTS_H
#define NNT_INPUT_SAMPLE_WEIGHTS_H

#include <nntrain/selection.h>

#include "input/resident.h"

/* Whether samples are weighted. */
bool nnt_weighting_is_on(const nnt_weighting *weighting);
/* The weighting as text: "weights w, classes balanced"; empty without weights. Errors:
 * NNT_IO_ERROR. */
nnt_status nnt_weighting_text(const nnt_weighting *weighting, char *text, size_t size,
                              nnt_error *error) NNT_MUST_CHECK;
/* Bytes per node. */
int64_t nnt_sample_weights_bytes(const nnt_weighting *weighting, int64_t samples);

/* Computes the weights of the samples of `data`, which is open and not loaded yet. Collective.
 * Errors: NNT_BAD_USAGE when y contains no classes, or another number of them; read errors;
 * NNT_BAD_INPUT when all weights are 0. */
nnt_status nnt_sample_weights_create(nnt_comm *comm, const nnt_weighting *weighting,
                                     nnt_resident *data, nnt_error *error) NNT_MUST_CHECK;

#endif
