/* Reading arrays of any byte order, in blocks. */
#include "convert/array_source.h"

#include <inttypes.h>
#include <math.h>
#include <nntrain/model.h>
#include <string.h>

#include "convert/gz_stream.h"

/* --- bytes of a file --- */

static nnt_status read_file(void *context, void *out, size_t size, size_t *got, nnt_error *error) {
  return nnt_gz_read(context, out, size, got, error);
}

static void close_file(void *context) {
  nnt_gz_stream *stream = context;
  nnt_gz_close(&stream);
}

nnt_status nnt_byte_source_open(const char *path, nnt_byte_source *out, nnt_error *error) {
  nnt_gz_stream *stream = NULL;
  memset(out, 0, sizeof *out);
  nnt_status status = nnt_gz_open(path, &stream, error);
  if (status != NNT_OK) return status;
  *out = (nnt_byte_source){
      .context = stream, .name = nnt_gz_path(stream), .read = read_file, .close = close_file};
  return NNT_OK;
}

static nnt_status read_exactly(const nnt_array *array, void *out, size_t size, const char *what,
                               nnt_error *error) {
  size_t got = 0;
  nnt_status status = array->source.read(array->source.context, out, size, &got, error);
  if (status != NNT_OK || got == size) return status;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "truncated %s file\n%s ends within %s\n"
                  "download or create the file again",
                  array->format, array->source.name, what);
}

/* --- the header --- */

nnt_status nnt_array_read_header(const nnt_array *array, void *out, size_t size, nnt_error *error) {
  return read_exactly(array, out, size, "its header", error);
}

nnt_status nnt_array_check_dims(nnt_array *array, nnt_error *error) {
  array->sample_elements = 1;
  for (int i = 0; i < array->rank; ++i) {
    if (array->dims[i] == 0)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "%s file without samples\n%s: dimension %d is 0\ncreate the file again",
                      array->format, array->source.name, i + 1);
    if (i > 0 && array->dims[i] > NNT_MAX_WIDTH / array->sample_elements)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "too many features per sample\n%s: more than %" PRId64
                      "\nreduce the dimensions of the samples, or download the file again if it "
                      "should be smaller",
                      array->source.name, (int64_t)NNT_MAX_WIDTH);
    if (i > 0) array->sample_elements *= array->dims[i];
  }
  return NNT_OK;
}

/* --- the elements --- */

static bool is_big_endian(void) {
  const uint16_t one = 1;
  unsigned char first = 0;
  memcpy(&first, &one, 1);
  return first == 0;
}

static void swap_bytes(unsigned char *bytes, int64_t count, size_t element_bytes) {
  for (int64_t i = 0; i < count; ++i, bytes += element_bytes) {
    for (size_t low = 0, high = element_bytes - 1; low < high; ++low, --high) {
      unsigned char byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}

/* IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction. */
static float widen(uint16_t half) {
  int exponent = half >> 10 & 31, fraction = half & 1023;
  float size = exponent == 31 ? (fraction != 0 ? NAN : INFINITY)
               : exponent > 0 ? ldexpf((float)(fraction + 1024), exponent - 25)
                              : ldexpf((float)fraction, -24);
  return (half & 0x8000) != 0 ? -size : size;
}

/* In place: `halves` is the second half of `out`, so that each float overwrites only halves that
 * were read before. */
static void widen_all(unsigned char *out, const unsigned char *halves, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    uint16_t half = 0;
    memcpy(&half, halves + 2 * i, sizeof half);
    float value = widen(half);
    memcpy(out + 4 * i, &value, sizeof value);
  }
}

nnt_status nnt_array_read(const nnt_array *array, int64_t count, void *out, nnt_error *error) {
  const nnt_element_type *type = &array->type;
  int64_t elements = count * array->sample_elements;
  unsigned char *stored =
      (unsigned char *)out + (type->bytes - type->stored_bytes) * (size_t)elements;
  nnt_status status =
      read_exactly(array, stored, (size_t)elements * type->stored_bytes, "its elements", error);
  if (status != NNT_OK) return status;
  if (array->big_endian != is_big_endian()) swap_bytes(stored, elements, type->stored_bytes);
  if (stored != out) widen_all(out, stored, elements);
  return NNT_OK;
}

nnt_status nnt_array_check_end(const nnt_array *array, nnt_error *error) {
  char extra = 0;
  size_t got = 0;
  nnt_status status = array->source.read(array->source.context, &extra, 1, &got, error);
  if (status != NNT_OK || got == 0) return status;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "bytes after the end of the %s file\n%s is longer than its header says\n"
                  "download or create the file again",
                  array->format, array->source.name);
}

void nnt_array_close(nnt_array *array) {
  if (array->source.context != NULL) array->source.close(array->source.context);
  memset(&array->source, 0, sizeof array->source);
}
