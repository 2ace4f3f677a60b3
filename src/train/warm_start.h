/* Starting from the weights of another run: transfer learning. Local. */
#ifndef NNT_TRAIN_WARM_START_H
#define NNT_TRAIN_WARM_START_H

#include "io/checkpoint.h"

/* Whether `model` can start from the weights of `from`: the same inputs, hidden layers and
 * activations; a last layer that differs is initialised randomly. Errors: NNT_BAD_USAGE, naming
 * `name`. */
nnt_status nnt_warm_start_check(const char *name, const nnt_checkpoint *from,
                                const nnt_model *model, nnt_error *error) NNT_MUST_CHECK;
/* Copies the common layers into initial parameters, an arena of `layout`. */
void nnt_warm_start_copy(const nnt_checkpoint *from, const nnt_layout *layout, float *parameters);

/* Freezes the layers; they must exist, and leave at least one to train. Errors: NNT_BAD_USAGE. */
nnt_status nnt_freeze(int count, const int64_t *layers, nnt_model *model,
                      nnt_error *error) NNT_MUST_CHECK;

#endif
