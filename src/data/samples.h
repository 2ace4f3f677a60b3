/* A view of a data set in memory; owns nothing. */
#ifndef NNT_DATA_SAMPLES_H
#define NNT_DATA_SAMPLES_H

#include <stdint.h>

#include "kernels/elementwise.h"

/* Samples per block of an evaluation. */
#define NNT_EVALUATION_BLOCK 256

typedef struct nnt_samples {
  int64_t count; /* in the data set, whether in memory or not */
  int64_t features;
  nnt_element element;    /* type of x as stored */
  const void *x;          /* [count, features] row-major */
  const int32_t *classes; /* [count], or NULL */
  const float *targets;   /* [count, target_columns], or NULL */
  int64_t target_columns;
  const float *weights; /* [count], of all samples, in memory or not; NULL: 1 each */
  /* NULL: all samples are in memory, in order. Else only some blocks of `block` samples are: block
   * b begins at row slots[b] * block. */
  const int32_t *slots;
  int64_t block;
} nnt_samples;

/* The row in memory of sample `index`, which must be in memory. */
static inline int64_t nnt_samples_place(const nnt_samples *samples, int64_t index) {
  if (samples->slots == NULL) return index;
  int64_t block = index / samples->block;
  return samples->slots[block] * samples->block + index - block * samples->block;
}

static inline const void *nnt_samples_row(const nnt_samples *samples, int64_t index) {
  return (const char *)samples->x + nnt_samples_place(samples, index) * samples->features *
                                        nnt_element_bytes(samples->element);
}

#endif
