/* Computing the input normalisation on the training set. */
#ifndef NNT_TRAIN_NORMALIZATION_H
#define NNT_TRAIN_NORMALIZATION_H

#include <nntrain/comm.h>

#include "net/model.h"
#include "train/resident.h"

/* Settles model->normalization (AUTO becomes range or none) and fills model->shift and scale,
 * which must be allocated. Collective over the node; every node computes the same bits, as each
 * feature is summed by one rank, in the order of the samples. Errors: NNT_BAD_USAGE for range with
 * data of no small integer type. */
nnt_status nnt_normalization_compute(nnt_comm *comm, nnt_normalization wanted,
                                     const nnt_resident *data, nnt_model *model,
                                     nnt_error *error) NNT_MUST_CHECK;

/* What AUTO means for this data. Errors as above. Local. */
nnt_status nnt_normalization_settle(nnt_normalization wanted, const nnt_resident *data,
                                    nnt_normalization *out, nnt_error *error) NNT_MUST_CHECK;

#endif
