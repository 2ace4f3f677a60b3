/* What tells data sets of the same shape apart: a run that goes on does so with the data that it
 * began with. */
#ifndef NNT_TRAIN_DATA_DIGEST_H
#define NNT_TRAIN_DATA_DIGEST_H

#include "base/sha256.h"
#include "train/resident.h"

/* SHA-256 of some of the samples and their targets, as they lie in memory: the same whether the
 * data are resident or streamed, and however the file stores them. All samples when they are few,
 * else ones that are spread evenly from the first to the last. Loaded or open; open, it is
 * collective after nnt_resident_share. */
nnt_status nnt_data_digest(const nnt_resident *data, char text[NNT_SHA256_TEXT],
                           nnt_error *error) NNT_MUST_CHECK;

#endif
