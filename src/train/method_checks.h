/* Validation of method settings, alone and against a checkpoint. Local. */
#ifndef NNT_TRAIN_METHOD_CHECKS_H
#define NNT_TRAIN_METHOD_CHECKS_H

#include <nntrain/train.h>

#include "io/checkpoint.h"

/* What is wrong with the method settings of the options, or NULL. */
const char *nnt_methods_wrong(const nnt_train_options *options);

/* Whether a batch can be computed in `accumulate` parts. Errors: NNT_BAD_USAGE. */
nnt_status nnt_check_accumulate(const nnt_train_options *options, nnt_error *error) NNT_MUST_CHECK;

/* Copies into the model what the network needs of these settings. */
void nnt_regularize(const nnt_regularization *settings, nnt_model *model);

/* Whether the samples are images as the augmentation needs them; `name` is their file. Errors:
 * NNT_BAD_USAGE. */
nnt_status nnt_check_images(const nnt_model *model, const char *name,
                            nnt_error *error) NNT_MUST_CHECK;

/* Whether checkpoint and options have the same optimiser. Errors: NNT_BAD_USAGE. */
nnt_status nnt_check_optimizer(const nnt_checkpoint *checkpoint, const nnt_train_options *options,
                               nnt_error *error) NNT_MUST_CHECK;

#endif
