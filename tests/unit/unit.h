/* What the unit tests share: cmocka with its headers, and numbers to test with. */
#ifndef NNT_TESTS_UNIT_H
#define NNT_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* After the four above, as cmocka asks. */
#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "kernels/panels.h"

/* Uniform in [-1, 1), the same for the same index. */
static inline float test_number(uint32_t stream, int64_t index) {
  return 2.0F * nnt_rng_uniform(7, NNT_RNG_SYNTHETIC_DATA, stream, (uint64_t)index) - 1.0F;
}

static inline float *test_floats(int64_t count) {
  void *memory = NULL;
  nnt_error error;
  assert_int_equal(nnt_memory_allocate((size_t)count * sizeof(float), "a test", &memory, &error),
                   NNT_OK);
  return memory;
}

/* A matrix in panels of `capacity` >= rows rows, random, with `padding` in the padding. */
static inline nnt_panels test_matrix(int64_t rows, int64_t columns, int64_t capacity,
                                     uint32_t stream, float padding) {
  nnt_panels matrix = {test_floats(nnt_panels_floats(capacity, columns) + NNT_PANEL), rows, columns,
                       capacity * NNT_PANEL};
  for (int64_t i = 0; i < nnt_panels_floats(capacity, columns); ++i) matrix.data[i] = padding;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c)
      *nnt_panels_at(&matrix, r, c) = test_number(stream, r * columns + c);
  }
  return matrix;
}

#endif
