/* Exporting a network. */
#ifndef NNTRAIN_ONNX_H
#define NNTRAIN_ONNX_H

#include <nntrain/status.h>

/* Writes a checkpoint's network as ONNX (opset 17), atomically. Input `x` [N, features] float32,
 * the raw samples; outputs `output` [N, outputs] float32, as written by predict, and with class
 * targets `class` [N] int64. Normalisation and softmax are part of the graph.
 *
 * `checkpoint`: a file, or a run directory: its best.h5. Local to the caller. Errors: NNT_BAD_INPUT
 * for the checkpoint, NNT_BAD_USAGE when built without ONNX or when the output would replace the
 * checkpoint, NNT_IO_ERROR. */
NNT_API nnt_status nnt_export_onnx(const char *checkpoint, const char *output,
                                   nnt_error *error) NNT_MUST_CHECK;

#endif
