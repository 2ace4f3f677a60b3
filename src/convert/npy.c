/* Converting NPY files, which numpy.save writes, versions 1.0 to 3.0:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * A magic string, the version, the length of the header (little-endian, 2 bytes in version 1.0,
 * then 4), the header (npy_header.h), the elements. */
#include "convert/npy.h"

#include <string.h>

#include "base/memory.h"
#include "convert/array_pair.h"
#include "convert/formats.h"
#include "io/npy_header.h"

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES ((size_t)6)

/* NumPy's own limit for files that it is not told to trust. */
#define LONGEST_HEADER 10000

typedef struct npy_type {
  const char *code; /* kind and bytes, after the byte order */
  nnt_element_type element;
} npy_type;

static const npy_type npy_types[] = {
    {"b1", {NNT_H5_U8, 1, 1, false, "uint8"}},   {"i1", {NNT_H5_I8, 1, 1, false, "int8"}},
    {"u1", {NNT_H5_U8, 1, 1, false, "uint8"}},   {"i2", {NNT_H5_I16, 2, 2, false, "int16"}},
    {"u2", {NNT_H5_U16, 2, 2, false, "uint16"}}, {"i4", {NNT_H5_I32, 4, 4, false, "int32"}},
    {"u4", {NNT_H5_U32, 4, 4, false, "uint32"}}, {"i8", {NNT_H5_I64, 8, 8, false, "int64"}},
    {"u8", {NNT_H5_U64, 8, 8, false, "uint64"}}, {"f2", {NNT_H5_F32, 4, 2, true, "float32"}},
    {"f4", {NNT_H5_F32, 4, 4, true, "float32"}}, {"f8", {NNT_H5_F64, 8, 8, true, "float64"}},
};

/* --- the type --- */

static const char *kind_name(char kind) {
  switch (kind) {
    case 'c':
      return "complex numbers";
    case 'O':
      return "Python objects";
    case 'S':
    case 'a':
    case 'U':
      return "text";
    case 'M':
    case 'm':
      return "times";
    case 'V':
      return "raw bytes";
    case 'f':
      return "floats of another size";
    default:
      return "an unknown type";
  }
}

static nnt_status take_type(nnt_array *array, const char *descr, nnt_error *error) {
  if (descr[0] == '\0')
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the array has a structured type\n%s\nsave a plain array of its fields, such "
                    "as numpy.stack([a['u'], a['v']], axis=1)",
                    array->source.name);
  const npy_type *found = NULL;
  for (size_t i = 0; i < sizeof npy_types / sizeof npy_types[0]; ++i) {
    if (strcmp(descr + 1, npy_types[i].code) == 0) found = &npy_types[i];
  }
  bool ordered = descr[0] == '<' || descr[0] == '>';
  if (found == NULL || (!ordered && (descr[0] != '|' || found->element.stored_bytes != 1)))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the elements of the array are not integers or floats\n%s has type '%s', %s\n"
                    "convert them with numpy, such as array.astype('float32')",
                    array->source.name, descr, kind_name(descr[1]));
  array->type = found->element;
  array->big_endian = descr[0] == '>';
  return NNT_OK;
}

/* --- the header --- */

/* With at most one dimension longer than 1, both orders are the same. */
static bool is_one_dimensional(const nnt_npy_header *header) {
  int long_ones = 0;
  for (int i = 0; i < header->rank; ++i) long_ones += header->dims[i] > 1;
  return long_ones <= 1;
}

static nnt_status take_header(nnt_array *array, const nnt_npy_header *header, nnt_error *error) {
  nnt_status status = take_type(array, header->descr, error);
  if (status != NNT_OK) return status;
  const char *name = array->source.name;
  if (header->rank < 1 || header->rank > NNT_H5_MAX_RANK)
    return nnt_fail(
        error, NNT_BAD_INPUT,
        "the array has %s dimensions\n%s\nreshape it; the first dimension is the samples",
        header->rank < 1 ? "no" : "more than eight", name);
  if (header->fortran_order && !is_one_dimensional(header))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the array is in Fortran order\n%s\nsave it in C order: numpy.save(file, "
                    "numpy.ascontiguousarray(array))",
                    name);
  array->rank = header->rank;
  memcpy(array->dims, header->dims, sizeof array->dims);
  return nnt_array_check_dims(array, error);
}

/* The message shows the beginning of the header, as far as it is printable. */
static nnt_status fail_header(const nnt_array *array, const char *text, size_t size,
                              nnt_error *error) {
  char shown[81];
  size_t length = size < sizeof shown - 1 ? size : sizeof shown - 1;
  for (size_t i = 0; i < length; ++i) shown[i] = text[i] < ' ' || text[i] > '~' ? ' ' : text[i];
  shown[length] = '\0';
  return nnt_fail(error, NNT_BAD_INPUT,
                  "damaged NPY header\n%s: '%s'\nsave the array again with numpy.save",
                  array->source.name, shown);
}

static nnt_status read_text(nnt_array *array, size_t size, nnt_error *error) {
  void *text = NULL;
  if (size > LONGEST_HEADER)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the NPY header is too long\n%s: %zu bytes\nsave a plain array again with "
                    "numpy.save",
                    array->source.name, size);
  nnt_status status = nnt_memory_allocate(size + 1, "the header of an array", &text, error);
  if (status == NNT_OK) status = nnt_array_read_header(array, text, size, error);
  nnt_npy_header header;
  if (status == NNT_OK)
    status = nnt_npy_header_parse(text, size, &header) ? take_header(array, &header, error)
                                                       : fail_header(array, text, size, error);
  nnt_memory_free(&text);
  return status;
}

static bool recognise(const char *bytes, size_t size) {
  return size >= MAGIC_BYTES && memcmp(bytes, MAGIC, MAGIC_BYTES) == 0;
}

nnt_status nnt_npy_read_header(nnt_array *array, nnt_error *error) {
  unsigned char bytes[8] = {0}, length[4] = {0};
  size_t got = 0;
  array->format = "NPY";
  nnt_status status = array->source.read(array->source.context, bytes, sizeof bytes, &got, error);
  if (status != NNT_OK) return status;
  if (!recognise((const char *)bytes, got))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "not an NPY file\n%s does not begin with \\x93NUMPY\ngive a file that "
                    "numpy.save has written",
                    array->source.name);
  if (got == sizeof bytes && (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "NPY file of an unknown version\n%s: %d.%d, not 1.0, 2.0 or 3.0\n"
                    "save the array again with numpy.save",
                    array->source.name, bytes[6], bytes[7]);
  status = nnt_array_read_header(array, length, bytes[6] == 1 ? 2 : 4, error);
  if (status != NNT_OK) return status;
  size_t size = (size_t)length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 |
                (size_t)length[3] << 24;
  return read_text(array, size, error);
}

/* --- a pair of files --- */

static nnt_status open_npy(const char *path, nnt_array *array, nnt_error *error) {
  nnt_status status = nnt_byte_source_open(path, &array->source, error);
  return status == NNT_OK ? nnt_npy_read_header(array, error) : status;
}

static nnt_status convert(const nnt_convert_options *options, nnt_convert_result *result,
                          nnt_error *error) {
  nnt_array_pair pair = {.options = options, .targets_allowed = true};
  nnt_status status = open_npy(options->input, &pair.features, error);
  if (status == NNT_OK) status = open_npy(options->labels, &pair.labels, error);
  if (status == NNT_OK) status = nnt_array_pair_convert(&pair, result, error);
  nnt_array_close(&pair.features);
  nnt_array_close(&pair.labels);
  return status;
}

const nnt_format nnt_npy_format = {.recognise = recognise, .convert = convert};
