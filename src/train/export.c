/* nnt_export_onnx: exporting the network of a checkpoint. */
#include <nntrain/onnx.h>

#include "io/atomic_file.h"
#include "io/onnx_file.h"
#include "record/run_directory.h"

nnt_status nnt_export_onnx(const char *checkpoint, const char *output, nnt_error *error) {
  nnt_checkpoint *from = NULL;
  nnt_status status = nnt_file_check_other(output, checkpoint, error);
  if (status == NNT_OK) status = nnt_run_directory_open_local(checkpoint, &from, error);
  if (status != NNT_OK) return status;
  status = nnt_onnx_write(output, &from->model, from->parameters, error);
  nnt_checkpoint_destroy(&from);
  return status;
}
