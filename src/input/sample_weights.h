/* How much each sample counts in training: one array of a data set's samples, in memory of the
 * node, whether the samples are or pass through. */
#ifndef NNT_INPUT_SAMPLE_WEIGHTS_H
#define NNT_INPUT_SAMPLE_WEIGHTS_H

#include <nntrain/selection.h>

#include "input/resident.h"

/* Whether there is anything to weigh. */
bool nnt_weighting_is_on(const nnt_weighting *weighting);
/* What decides the weights, as text: "weights w, classes balanced"; empty when none are on. Errors:
 * NNT_IO_ERROR. */
nnt_status nnt_weighting_text(const nnt_weighting *weighting, char *text, size_t size,
                              nnt_error *error) NNT_MUST_CHECK;
/* Bytes a node. */
int64_t nnt_sample_weights_bytes(const nnt_weighting *weighting, int64_t samples);

/* Gives the samples of `data`, which is open and not loaded yet, their weights. Collective. Errors:
 * NNT_BAD_USAGE when y holds no classes, or of another number; what reading fails with;
 * NNT_BAD_INPUT when all weights are 0. */
nnt_status nnt_sample_weights_create(nnt_comm *comm, const nnt_weighting *weighting,
                                     nnt_resident *data, nnt_error *error) NNT_MUST_CHECK;

#endif
