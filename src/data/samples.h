/* A data set as it lies in memory: a view, nothing owned. */
#ifndef NNT_DATA_SAMPLES_H
#define NNT_DATA_SAMPLES_H

#include <stdint.h>

#include "kernels/elementwise.h"

typedef struct nnt_samples {
  int64_t count;
  int64_t features;
  nnt_element element;    /* type of x as stored */
  const void *x;          /* [count, features] row-major */
  const int32_t *classes; /* [count], or NULL */
  const float *targets;   /* [count, target_columns], or NULL */
  int64_t target_columns;
} nnt_samples;

static inline const void *nnt_samples_row(const nnt_samples *samples, int64_t index) {
  return (const char *)samples->x + index * samples->features * nnt_element_bytes(samples->element);
}

#endif
