/* The text of an NPY header: a Python dictionary of literals,
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }
 * with exactly these three keys, in any order. */
#ifndef NNT_IO_NPY_HEADER_H
#define NNT_IO_NPY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hdf5/h5.h"

#define NNT_NPY_DESCR_BYTES 32

typedef struct nnt_npy_header {
  char descr[NNT_NPY_DESCR_BYTES]; /* "<f4"; "" for a structured type, at which parsing ends */
  bool fortran_order;
  int rank;                      /* may exceed NNT_H5_MAX_RANK; dims has the first ones */
  int64_t dims[NNT_H5_MAX_RANK]; /* INT64_MAX for larger ones */
} nnt_npy_header;

/* False if the text is not such a dictionary. */
bool nnt_npy_header_parse(const char *text, size_t size, nnt_npy_header *out);

#endif
