/* Whether methods make sense, and go on with a checkpoint. Local. */
#ifndef NNT_TRAIN_METHOD_CHECKS_H
#define NNT_TRAIN_METHOD_CHECKS_H

#include <nntrain/train.h>

#include "io/checkpoint.h"

/* What is wrong with the methods of the options, or NULL. */
const char *nnt_methods_wrong(const nnt_train_options *options);

/* Whether a batch can be cut into that many parts. Errors: NNT_BAD_USAGE. */
nnt_status nnt_check_accumulate(const nnt_train_options *options, nnt_error *error) NNT_MUST_CHECK;

/* What the network has to know of it in training. */
void nnt_regularize(const nnt_regularization *settings, nnt_model *model);

/* Whether the samples are such as the augmentation takes; `name` is their file. Errors:
 * NNT_BAD_USAGE. */
nnt_status nnt_check_images(const nnt_model *model, const char *name,
                            nnt_error *error) NNT_MUST_CHECK;

/* Whether the checkpoint's optimiser is that of the options. Errors: NNT_BAD_USAGE. */
nnt_status nnt_check_optimizer(const nnt_checkpoint *checkpoint, const nnt_train_options *options,
                               nnt_error *error) NNT_MUST_CHECK;

#endif
