/* One array in NumPy's NPY format, from any source of bytes. */
#ifndef NNT_CONVERT_NPY_H
#define NNT_CONVERT_NPY_H

#include <nntrain/status.h>

#include "convert/array_source.h"

/* Reads the header of the array whose source is set. */
nnt_status nnt_npy_read_header(nnt_array *array, nnt_error *error) NNT_MUST_CHECK;

#endif
