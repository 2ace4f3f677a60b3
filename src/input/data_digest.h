/* Checks on a subset of a data set's samples, which tell data sets of the same shape apart. The
 * data set is loaded or open; if open, they are collective after nnt_resident_share. */
#ifndef NNT_INPUT_DATA_DIGEST_H
#define NNT_INPUT_DATA_DIGEST_H

#include "base/sha256.h"
#include "input/resident.h"
#include "net/model.h"

/* SHA-256 of the samples and their targets as in memory: the same whether the data are resident or
 * streamed, and however the file stores them. Of all samples when they are few, else of samples
 * spread evenly from the first to the last. */
nnt_status nnt_data_digest(const nnt_resident *data, char text[NNT_SHA256_TEXT],
                           nnt_error *error) NNT_MUST_CHECK;

/* Whether the samples are on the scale that the network was trained on: a network that maps an
 * integer range to [0, 1] itself must not be given floats already scaled to it. Errors:
 * NNT_BAD_INPUT. */
nnt_status nnt_data_check_scale(const nnt_resident *data, const nnt_model *model,
                                nnt_error *error) NNT_MUST_CHECK;

#endif
