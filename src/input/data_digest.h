/* A look at some samples of a data set, which tells data sets of the same shape apart. Of one that
 * is loaded, or open; open, it is collective after nnt_resident_share. */
#ifndef NNT_INPUT_DATA_DIGEST_H
#define NNT_INPUT_DATA_DIGEST_H

#include "base/sha256.h"
#include "input/resident.h"
#include "net/model.h"

/* SHA-256 of the samples and their targets, as they lie in memory: the same whether the data are
 * resident or streamed, and however the file stores them. Of all samples when they are few, else of
 * ones that are spread evenly from the first to the last. */
nnt_status nnt_data_digest(const nnt_resident *data, char text[NNT_SHA256_TEXT],
                           nnt_error *error) NNT_MUST_CHECK;

/* Whether the samples have the scale that the network was trained on: integers whose range became
 * [0, 1] are not compared with floats that somebody has brought there. Errors: NNT_BAD_INPUT. */
nnt_status nnt_data_check_scale(const nnt_resident *data, const nnt_model *model,
                                nnt_error *error) NNT_MUST_CHECK;

#endif
