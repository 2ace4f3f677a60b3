/* Converting two arrays of the same length, features and labels or targets. */
#ifndef NNT_CONVERT_ARRAY_PAIR_H
#define NNT_CONVERT_ARRAY_PAIR_H

#include <nntrain/convert.h>
#include <nntrain/status.h>
#include <stdbool.h>

#include "convert/array_source.h"

typedef struct nnt_array_pair {
  nnt_array features, labels; /* their headers have been read; closed by their owner */
  /* Whether labels that are floats, or have several columns, are regression targets; else they are
   * refused. A single column of integers is classes. */
  bool targets_allowed;
  const nnt_convert_options *options; /* class names and output */
} nnt_array_pair;

/* Writes the data set, whole or not at all. */
nnt_status nnt_array_pair_convert(const nnt_array_pair *pair, nnt_convert_result *result,
                                  nnt_error *error) NNT_MUST_CHECK;

#endif
