/* nntrain export */
#include <nntrain/onnx.h>
#include <stdio.h>

#include "cli/command.h"

static const option_spec specs[] = {
    {"checkpoint", "FILE|DIR", NULL, GROUP_NETWORK, "checkpoint, or a run's directory: its best"},
    {"output", "FILE", NULL, GROUP_OUTPUT, "ONNX file; an existing one is replaced"},
    {NULL, NULL, NULL, 0, NULL}};

static nnt_status run_export(const options *parsed, nnt_comm *comm, nnt_error *error) {
  const char *checkpoint = NULL, *output = NULL;
  (void)comm;
  nnt_status status = options_required(parsed, "checkpoint", &checkpoint, error);
  if (status == NNT_OK) status = options_required(parsed, "output", &output, error);
  if (status == NNT_OK) status = nnt_export_onnx(checkpoint, output, error);
  if (status == NNT_OK) printf("wrote %s\n", output);
  return status;
}

const command command_export = {
    .name = "export",
    .summary = "writes the network of a checkpoint as ONNX, for other programs",
    .usage = "--checkpoint FILE|DIR --output FILE.onnx",
    .examples = "  nntrain export --checkpoint run --output fashion.onnx\n",
    .details =
        "Input x [N, features] float32: samples as they are stored, since normalisation is "
        "part of the graph. Outputs: output [N, outputs] float32, the same as predict writes, "
        "and for classes class [N] int64. Opset 17; the class names are metadata, "
        "class_names.\n",
    .options = specs,
    .max_positionals = 0,
    .collective = 0,
    .run = run_export};
