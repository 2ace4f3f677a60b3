/* Layer normalisation (nntrain/methods.h), one table per instruction set. */
#ifndef NNT_KERNELS_NORM_H
#define NNT_KERNELS_NORM_H

#include <stdint.h>

#include "kernels/panels.h"

/* Rows [begin, end) of a layer with normalisation: x' = (z - mean z) / deviation z.
 * normalize: values, z, become gain x' + shift; x' and 1 / deviation are kept where there is room.
 * denormalize: values, d loss / d output, become d loss / d z. Padding becomes zero. */
typedef struct nnt_norm_rows {
  nnt_panels values;
  float *normal;            /* x', of the same shape and stride; NULL: not kept */
  float *inverse_deviation; /* [rows]; or NULL */
  const float *gain, *shift;
  int64_t begin, end;
} nnt_norm_rows;

typedef struct nnt_norm_kernels {
  void (*normalize)(const nnt_norm_rows *rows);
  void (*denormalize)(const nnt_norm_rows *rows);
} nnt_norm_kernels;

#endif
