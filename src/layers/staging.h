/* Samples that are changed before the first layer reads them: images shifted, mirrored, partly
 * erased; samples mixed in pairs. */
#ifndef NNT_LAYERS_STAGING_H
#define NNT_LAYERS_STAGING_H

#include "layers/network_state.h"

/* This thread's part of the batch's samples, changed, to the network's staged rows. */
void nnt_stage_samples(const nnt_pass *p, nnt_team team);

#endif
