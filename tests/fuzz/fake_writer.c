/* Stands in for io/dataset_writer.c: takes data sets without a file, and checks what converters
 * hand over: every byte is there, features and targets are finite, classes are below their number.
 */
#include <math.h>
#include <nntrain/model.h>

#include "convert/class_table.h"
#include "fuzz.h"
#include "io/dataset_writer.h"

struct nnt_dataset_writer {
  nnt_dataset_layout layout;
  int64_t block, samples;
  int32_t largest, mapped_largest;
};

static int64_t next_block = 1, committed = -1;

int64_t fuzz_writer_samples(int64_t block) {
  int64_t samples = committed;
  next_block = block;
  committed = -1;
  return samples;
}

nnt_status nnt_dataset_writer_begin(const nnt_convert_output *output,
                                    const nnt_dataset_layout *layout, nnt_dataset_writer **out,
                                    nnt_error *error) {
  (void)output;
  REQUIRE(layout->x_rank >= 2 && layout->x_rank <= NNT_H5_MAX_RANK);
  REQUIRE(layout->y_rank == 1 || layout->y_rank == 2);
  int64_t elements = 1;
  for (int i = 1; i < layout->x_rank; ++i) {
    REQUIRE(layout->x_dims[i] > 0);
    elements *= layout->x_dims[i];
  }
  REQUIRE(elements <= NNT_MAX_WIDTH);
  *out = calloc(1, sizeof **out);
  if (*out == NULL) return nnt_fail_memory(error, sizeof **out, "a data set");
  (*out)->layout = *layout;
  (*out)->block = elements > 1000 ? 1 : next_block;
  (*out)->largest = (*out)->mapped_largest = -1;
  return NNT_OK;
}

int64_t nnt_dataset_writer_block(const nnt_dataset_writer *writer) {
  return writer->block;
}

static int64_t row_elements(int rank, const int64_t *dims) {
  int64_t elements = 1;
  for (int i = 1; i < rank; ++i) elements *= dims[i];
  return elements;
}

static void require_features(const void *x, int64_t count, nnt_h5_type type) {
  static const int64_t bytes[] = {
      [NNT_H5_U8] = 1,  [NNT_H5_I8] = 1,  [NNT_H5_U16] = 2, [NNT_H5_I16] = 2, [NNT_H5_U32] = 4,
      [NNT_H5_I32] = 4, [NNT_H5_I64] = 8, [NNT_H5_U64] = 8, [NNT_H5_F32] = 4, [NNT_H5_F64] = 8};
  unsigned sum = 0; /* all of it can be read */
  for (int64_t i = 0; i < count * bytes[type]; ++i) sum += ((const unsigned char *)x)[i];
  for (int64_t i = 0; i < count && type == NNT_H5_F32; ++i)
    REQUIRE(isfinite(((const float *)x)[i]));
  for (int64_t i = 0; i < count && type == NNT_H5_F64; ++i)
    REQUIRE(isfinite(((const double *)x)[i]));
  REQUIRE(sum <= 255U * (unsigned)(count * bytes[type]) || sum > 0);
}

static int64_t label_at(const void *y, int64_t i, nnt_h5_type type) {
  if (type == NNT_H5_U8) return ((const uint8_t *)y)[i];
  if (type == NNT_H5_I8) return ((const int8_t *)y)[i];
  if (type == NNT_H5_I16) return ((const int16_t *)y)[i];
  if (type == NNT_H5_U16) return ((const uint16_t *)y)[i];
  if (type == NNT_H5_U32) return ((const uint32_t *)y)[i];
  if (type == NNT_H5_I64) return ((const int64_t *)y)[i];
  if (type == NNT_H5_U64) return (int64_t)((const uint64_t *)y)[i];
  REQUIRE(type == NNT_H5_I32);
  return ((const int32_t *)y)[i];
}

nnt_status nnt_dataset_writer_add(nnt_dataset_writer *writer, int64_t count, const void *x,
                                  const void *y, nnt_error *error) {
  const nnt_dataset_layout *layout = &writer->layout;
  (void)error;
  REQUIRE(count > 0 && count <= writer->block && writer->samples % writer->block == 0);
  require_features(x, count * row_elements(layout->x_rank, layout->x_dims), layout->x_type);
  if (layout->y_type == NNT_H5_F32 || layout->y_type == NNT_H5_F64 || layout->y_rank == 2) {
    require_features(y, count * row_elements(layout->y_rank, layout->y_dims), layout->y_type);
  } else {
    for (int64_t i = 0; i < count; ++i) {
      int64_t label = label_at(y, i, layout->y_type);
      REQUIRE(label >= 0 && label <= NNT_MAX_CLASSES);
      if (label > writer->largest) writer->largest = (int32_t)label;
    }
  }
  writer->samples += count;
  return NNT_OK;
}

nnt_status nnt_dataset_writer_remap(nnt_dataset_writer *writer, const int32_t *map,
                                    nnt_error *error) {
  (void)error;
  REQUIRE(writer->layout.y_type == NNT_H5_I32 && writer->samples > 0);
  for (int32_t i = 0; i <= writer->largest; ++i) {
    REQUIRE(map[i] >= 0);
    if (map[i] > writer->mapped_largest) writer->mapped_largest = map[i];
  }
  writer->largest = writer->mapped_largest;
  return NNT_OK;
}

nnt_status nnt_dataset_writer_commit(nnt_dataset_writer **writer, char *const *class_names,
                                     int64_t class_name_count, nnt_error *error) {
  (void)error;
  for (int64_t i = 0; class_names != NULL && i < class_name_count; ++i)
    REQUIRE(strlen(class_names[i]) <= NNT_MAX_CLASS_BYTES);
  if (class_names != NULL) REQUIRE((*writer)->largest < class_name_count);
  committed = (*writer)->samples;
  nnt_dataset_writer_abandon(writer);
  return NNT_OK;
}

void nnt_dataset_writer_abandon(nnt_dataset_writer **writer) {
  free(*writer);
  *writer = NULL;
}
