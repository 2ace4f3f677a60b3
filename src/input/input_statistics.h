/* Computing the input normalisation from the training set. */
#ifndef NNT_INPUT_INPUT_STATISTICS_H
#define NNT_INPUT_INPUT_STATISTICS_H

#include <nntrain/comm.h>

#include "input/data_source.h"
#include "net/model.h"

/* Resolves model->normalization (AUTO becomes range or none) and fills model->shift and scale,
 * which must be allocated. Collective; bitwise identical on every node, as each feature is summed
 * by one rank in sample order. Errors: NNT_BAD_USAGE for range unless the data are of a small
 * integer type. */
nnt_status nnt_input_statistics_compute(nnt_comm *comm, nnt_normalization wanted,
                                        const nnt_data_source *data, nnt_model *model,
                                        nnt_error *error) NNT_MUST_CHECK;

/* Resolves AUTO for this data; `flags`: all values are 0 or 1. Errors as above. Local. */
nnt_status nnt_input_statistics_settle(nnt_normalization wanted, const nnt_resident *data,
                                       bool flags, nnt_normalization *out,
                                       nnt_error *error) NNT_MUST_CHECK;

#endif
