/* Writing samples one at a time, for text formats: dense float32 features, and a class or float32
 * targets. */
#ifndef NNT_CONVERT_SAMPLE_WRITER_H
#define NNT_CONVERT_SAMPLE_WRITER_H

#include <nntrain/convert.h>
#include <nntrain/status.h>
#include <stdint.h>

#include "convert/class_table.h"
#include "io/dataset_writer.h"

/* Initialised with zeros. */
typedef struct nnt_sample_writer {
  nnt_dataset_writer *file;
  int64_t features;
  int64_t targets; /* 0: classes */
  int64_t samples; /* complete ones */
  void *x, *y;     /* one block; y is float [block, targets] or int32_t [block] */
  int64_t block, filled;
} nnt_sample_writer;

nnt_status nnt_sample_writer_begin(const nnt_convert_output *output, int64_t features,
                                   int64_t targets, nnt_sample_writer *out,
                                   nnt_error *error) NNT_MUST_CHECK;
/* The current sample, to be filled: features [features], not zeroed; and targets [targets], or the
 * index of its class. */
float *nnt_sample_writer_x(const nnt_sample_writer *writer);
float *nnt_sample_writer_targets(const nnt_sample_writer *writer);
int32_t *nnt_sample_writer_class(const nnt_sample_writer *writer);
/* The current sample is complete. */
nnt_status nnt_sample_writer_next(nnt_sample_writer *writer, nnt_error *error) NNT_MUST_CHECK;
/* Writes the remaining samples, reorders the classes (`order` is all zeros for targets), and gives
 * the file its final name. */
nnt_status nnt_sample_writer_finish(nnt_sample_writer *writer, const nnt_class_order *order,
                                    nnt_convert_result *result, nnt_error *error) NNT_MUST_CHECK;
/* Frees the writer, and removes a file that is not finished. */
void nnt_sample_writer_clear(nnt_sample_writer *writer);

#endif
