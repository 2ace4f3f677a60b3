/* Starting from the weights of another run: transfer learning. Local. */
#ifndef NNT_TRAIN_WARM_START_H
#define NNT_TRAIN_WARM_START_H

#include "io/checkpoint.h"

/* Whether `model` can begin with the weights of `from`: the same inputs, hidden layers and
 * activations; the last layer may differ, and then begins anew. Errors: NNT_BAD_USAGE, naming
 * `name`. */
nnt_status nnt_warm_start_check(const char *name, const nnt_checkpoint *from,
                                const nnt_model *model, nnt_error *error) NNT_MUST_CHECK;
/* Copies the layers that both have into initial parameters, an arena of `layout`. */
void nnt_warm_start_copy(const nnt_checkpoint *from, const nnt_layout *layout, float *parameters);

/* Whether the layers can be frozen: they are there, and some layer is not. Errors: NNT_BAD_USAGE.
 */
nnt_status nnt_freeze(int count, const int64_t *layers, nnt_model *model,
                      nnt_error *error) NNT_MUST_CHECK;

#endif
