/* In place of onnx_file.c in a build without protobuf-c or onnx.proto. */
#include "io/onnx_file.h"

nnt_status nnt_onnx_write(const char *path, const nnt_model *model, const float *parameters,
                          nnt_error *error) {
  (void)model;
  (void)parameters;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "this build has no ONNX\n--output %s\nbuild with protobuf-c and onnx.proto "
                  "(libprotobuf-c-dev, protobuf-c-compiler, libonnx-dev)",
                  path);
}
