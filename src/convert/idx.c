/* Converting IDX files, the format of MNIST: http://yann.lecun.com/exdb/mnist/
 *
 * A magic number (0, 0, type, number of dimensions), the dimensions as big-endian 32-bit integers,
 * then the elements, big-endian, row-major. */
#include <stdint.h>

#include "convert/array_pair.h"
#include "convert/formats.h"

typedef struct idx_type {
  unsigned char code;
  nnt_element_type element;
} idx_type;

static const idx_type idx_types[] = {
    {0x08, {NNT_H5_U8, 1, 1, false, "uint8"}},   {0x09, {NNT_H5_I8, 1, 1, false, "int8"}},
    {0x0B, {NNT_H5_I16, 2, 2, false, "int16"}},  {0x0C, {NNT_H5_I32, 4, 4, false, "int32"}},
    {0x0D, {NNT_H5_F32, 4, 4, true, "float32"}}, {0x0E, {NNT_H5_F64, 8, 8, true, "float64"}},
};

static const nnt_element_type *find_type(const unsigned char *magic) {
  if (magic[0] != 0 || magic[1] != 0 || magic[3] < 1 || magic[3] > NNT_H5_MAX_RANK) return NULL;
  for (size_t i = 0; i < sizeof idx_types / sizeof idx_types[0]; ++i) {
    if (idx_types[i].code == magic[2]) return &idx_types[i].element;
  }
  return NULL;
}

static bool recognise(const char *bytes, size_t size) {
  return size >= 4 && find_type((const unsigned char *)bytes) != NULL;
}

static uint32_t big_endian(const unsigned char *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static nnt_status open_idx(const char *path, nnt_array *array, nnt_error *error) {
  unsigned char magic[4] = {0}, bytes[4 * NNT_H5_MAX_RANK];
  size_t got = 0;
  array->format = "IDX";
  array->big_endian = true;
  nnt_status status = nnt_byte_source_open(path, &array->source, error);
  if (status == NNT_OK)
    status = array->source.read(array->source.context, magic, sizeof magic, &got, error);
  if (status != NNT_OK) return status;
  const nnt_element_type *type = got == sizeof magic ? find_type(magic) : NULL;
  if (type == NULL)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "not an IDX file\n%s: the first four bytes are %02x %02x %02x %02x\ngive an "
                    "IDX file, or name the format with --format",
                    path, magic[0], magic[1], magic[2], magic[3]);
  array->type = *type;
  array->rank = magic[3];
  status = nnt_array_read_header(array, bytes, 4 * (size_t)array->rank, error);
  if (status != NNT_OK) return status;
  for (int i = 0; i < array->rank; ++i) array->dims[i] = big_endian(bytes + (ptrdiff_t)4 * i);
  return nnt_array_check_dims(array, error);
}

static nnt_status convert(const nnt_convert_options *options, nnt_convert_result *result,
                          nnt_error *error) {
  nnt_array_pair pair = {.options = options};
  nnt_status status = open_idx(options->input, &pair.features, error);
  if (status == NNT_OK) status = open_idx(options->labels, &pair.labels, error);
  if (status == NNT_OK) status = nnt_array_pair_convert(&pair, result, error);
  nnt_array_close(&pair.features);
  nnt_array_close(&pair.labels);
  return status;
}

const nnt_format nnt_idx_format = {.recognise = recognise, .convert = convert};
