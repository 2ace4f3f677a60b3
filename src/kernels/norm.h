/* Layer and batch normalisation (nntrain/model.h), one table per instruction set. */
#ifndef NNT_KERNELS_NORM_H
#define NNT_KERNELS_NORM_H

#include <stdint.h>

#include "kernels/panels.h"

#define NNT_NORM_EPSILON 1e-5F

/* Rows [begin, end) of a layer with layer normalisation: x' = (z - mean z) / deviation z.
 * normalize: values, z, become gain x' + shift; x' and 1 / deviation are stored unless NULL.
 * denormalize: values, d loss / d output, become d loss / d z. Padding becomes zero. */
typedef struct nnt_norm_rows {
  nnt_panels values;
  float *normal;            /* x', of the same shape and stride; or NULL */
  float *inverse_deviation; /* [rows]; or NULL */
  const float *gain, *shift;
  int64_t begin, end;
} nnt_norm_rows;

/* Means and sums of squared deviations from them over the rows of one panel, 32 of each. */
typedef struct nnt_moments {
  float *mean, *squares;
} nnt_moments;

/* One panel of a layer with batch normalisation: x' = (z - mean) * inverse, 32 of each.
 * normalize: values, z, become gain x' + shift; x' is stored unless NULL.
 * denormalize: values d, d loss / d output, become
 * gain * inverse * (d - sum d / samples - x' sum (d x') / samples) = d loss / d z. */
typedef struct nnt_norm_panel {
  float *values;
  float *normal; /* x', of the same shape; or NULL */
  int64_t rows;
  const float *mean;    /* normalize */
  const float *inverse; /* 1 / sqrt(variance + epsilon) */
  const float *gain, *shift;
  const float *sum, *product_sum; /* denormalize: sum d and sum (d x'), over `samples` rows */
  float samples;
} nnt_norm_panel;

typedef struct nnt_norm_kernels {
  void (*normalize)(const nnt_norm_rows *rows);
  void (*denormalize)(const nnt_norm_rows *rows);
  /* The moments of `rows` rows of one panel; zero for no rows. */
  void (*measure)(const float *panel, int64_t rows, const nnt_moments *out);
  /* Merges the moments of `a`, over `a_rows` rows, with those of `b`; `out` may be a or b. Chan,
   * Golub and LeVeque, The American Statistician 37, 1983. */
  void (*merge_moments)(const nnt_moments *a, float a_rows, const nnt_moments *b, float b_rows,
                        const nnt_moments *out);
  /* inverse[i] = 1 / sqrt(variance[i] + epsilon), 32 of them. */
  void (*invert)(const float *variance, float *inverse);
  void (*normalize_panel)(const nnt_norm_panel *panel);
  void (*denormalize_panel)(const nnt_norm_panel *panel);
} nnt_norm_kernels;

#endif
