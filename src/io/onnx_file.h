/* Writing a network as ONNX (onnx.ai, opset 17), for other programs to run: from the samples as
 * they are stored to the outputs that predict writes. Whole or not at all. Local to one rank.
 *
 * Input `x` [N, features] float32; output `output` [N, outputs] float32: probabilities or values,
 * and of a classification into classes `class` [N] int64. Normalisation and softmax are part of the
 * graph. The names of the classes are metadata, `class_names`, a JSON list. */
#ifndef NNT_IO_ONNX_FILE_H
#define NNT_IO_ONNX_FILE_H

#include <nntrain/status.h>

#include "net/model.h"

/* `parameters`: an arena of nnt_layout_of(model). Errors: NNT_BAD_USAGE when nntrain was built
 * without ONNX; NNT_BAD_INPUT for a network beyond the 2 GB of the format; NNT_IO_ERROR. */
nnt_status nnt_onnx_write(const char *path, const nnt_model *model, const float *parameters,
                          nnt_error *error) NNT_MUST_CHECK;

#endif
