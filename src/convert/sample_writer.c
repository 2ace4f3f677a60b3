/* Writing samples one at a time, in blocks. */
#include "convert/sample_writer.h"

#include <string.h>

#include "base/memory.h"

nnt_status nnt_sample_writer_begin(const nnt_convert_output *output, int64_t features,
                                   int64_t targets, nnt_sample_writer *out, nnt_error *error) {
  nnt_dataset_layout layout = {.x_type = NNT_H5_F32,
                               .x_rank = 2,
                               .x_dims = {0, features},
                               .y_type = targets > 0 ? NNT_H5_F32 : NNT_H5_I32,
                               .y_rank = targets > 1 ? 2 : 1,
                               .y_dims = {0, targets}};
  *out = (nnt_sample_writer){.features = features, .targets = targets};
  nnt_status status = nnt_dataset_writer_begin(output, &layout, &out->file, error);
  if (status != NNT_OK) return status;
  out->block = nnt_dataset_writer_block(out->file);
  size_t y_columns = targets > 0 ? (size_t)targets : 1;
  status = nnt_memory_allocate((size_t)(out->block * features) * sizeof(float),
                               "a block of samples", &out->x, error);
  if (status != NNT_OK) return status;
  return nnt_memory_allocate((size_t)out->block * y_columns * sizeof(float), "a block of targets",
                             &out->y, error);
}

float *nnt_sample_writer_x(const nnt_sample_writer *writer) {
  return (float *)writer->x + writer->filled * writer->features;
}

float *nnt_sample_writer_targets(const nnt_sample_writer *writer) {
  return (float *)writer->y + writer->filled * writer->targets;
}

int32_t *nnt_sample_writer_class(const nnt_sample_writer *writer) {
  return (int32_t *)writer->y + writer->filled;
}

static nnt_status flush(nnt_sample_writer *writer, nnt_error *error) {
  int64_t count = writer->filled;
  if (count == 0) return NNT_OK;
  writer->filled = 0;
  return nnt_dataset_writer_add(writer->file, count, writer->x, writer->y, error);
}

nnt_status nnt_sample_writer_next(nnt_sample_writer *writer, nnt_error *error) {
  ++writer->samples;
  ++writer->filled;
  return writer->filled == writer->block ? flush(writer, error) : NNT_OK;
}

nnt_status nnt_sample_writer_finish(nnt_sample_writer *writer, const nnt_class_order *order,
                                    nnt_convert_result *result, nnt_error *error) {
  nnt_status status = flush(writer, error);
  if (status == NNT_OK && order->map != NULL)
    status = nnt_dataset_writer_remap(writer->file, order->map, error);
  if (status != NNT_OK) return status;
  *result = (nnt_convert_result){.samples = writer->samples,
                                 .features = writer->features,
                                 .classes = order->classes,
                                 .targets = writer->targets,
                                 .type = "float32"};
  return nnt_dataset_writer_commit(&writer->file, order->names, order->classes, error);
}

void nnt_sample_writer_clear(nnt_sample_writer *writer) {
  nnt_dataset_writer_abandon(&writer->file);
  nnt_memory_free(&writer->x);
  nnt_memory_free(&writer->y);
}
