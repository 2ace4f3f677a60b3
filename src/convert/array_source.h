/* An array in a binary file, read sequentially: IDX, NPY, or a member of NPZ. The file of the
 * format parses the header; this one reads the elements. Errors: NNT_BAD_INPUT with the file,
 * NNT_IO_ERROR. */
#ifndef NNT_CONVERT_ARRAY_SOURCE_H
#define NNT_CONVERT_ARRAY_SOURCE_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hdf5/h5.h"

/* Where the bytes come from. */
typedef struct nnt_byte_source {
  void *context;    /* NULL: closed */
  const char *name; /* for messages; valid as long as the source */
  /* Reads up to `size` bytes; *got is less only at the end. */
  nnt_status (*read)(void *context, void *out, size_t size, size_t *got, nnt_error *error);
  void (*close)(void *context);
} nnt_byte_source;

typedef struct nnt_element_type {
  nnt_h5_type type;    /* in memory and in the data set */
  size_t bytes;        /* in memory */
  size_t stored_bytes; /* in the file; 2 with F32 for float16 */
  bool is_float;
  const char *name; /* NumPy's name of the type in memory; static */
} nnt_element_type;

typedef struct nnt_array {
  nnt_byte_source source;
  const char *format; /* "IDX" or "NPY", for messages */
  nnt_element_type type;
  bool big_endian;
  int rank;
  int64_t dims[NNT_H5_MAX_RANK]; /* row-major; the first one is the samples */
  int64_t sample_elements;
} nnt_array;

/* A plain or gzip-compressed file. */
nnt_status nnt_byte_source_open(const char *path, nnt_byte_source *out,
                                nnt_error *error) NNT_MUST_CHECK;

/* Reads `size` bytes of the header; an error if the file is shorter. */
nnt_status nnt_array_read_header(const nnt_array *array, void *out, size_t size,
                                 nnt_error *error) NNT_MUST_CHECK;
/* Checks that the dimensions suit a data set; sets sample_elements. */
nnt_status nnt_array_check_dims(nnt_array *array, nnt_error *error) NNT_MUST_CHECK;
/* Reads the next samples, in native byte order; `out` has room for count * sample_elements elements
 * of type.bytes. */
nnt_status nnt_array_read(const nnt_array *array, int64_t count, void *out,
                          nnt_error *error) NNT_MUST_CHECK;
/* NNT_BAD_INPUT if the file does not end here. */
nnt_status nnt_array_check_end(const nnt_array *array, nnt_error *error) NNT_MUST_CHECK;
/* The array may be closed already, or all zeros. */
void nnt_array_close(nnt_array *array);

#endif
