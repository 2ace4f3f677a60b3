/* nntrain export */
#include <nntrain/onnx.h>
#include <stdio.h>

#include "cli/command.h"

static const option_spec specs[] = {
    {"checkpoint", "FILE|DIR", NULL, "checkpoint, or a run's directory: its best"},
    {"output", "FILE", NULL, "ONNX file; replaced when it exists"},
    {NULL, NULL, NULL, NULL}};

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
    .details =
        "Example:\n"
        "  nntrain export --checkpoint run --output fashion.onnx\n\n"
        "Input x [N, features] float32: the samples as they are stored, normalisation is in the "
        "graph.\nOutputs: output [N, outputs] float32, what predict writes, and with classes class "
        "[N] int64.\nOpset 17; the names of the classes are metadata, class_names.\n",
    .options = specs,
    .max_positionals = 0,
    .collective = 0,
    .run = run_export};
