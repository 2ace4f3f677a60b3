/* Writing samples that a format's file reads one by one: dense float32 features, and a class or
 * float targets each. */
#ifndef NNT_CONVERT_SAMPLE_WRITER_H
#define NNT_CONVERT_SAMPLE_WRITER_H

#include <nntrain/convert.h>
#include <nntrain/status.h>
#include <stdint.h>

#include "convert/class_table.h"
#include "io/dataset_writer.h"

/* All zeros before it is begun. */
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
/* Of the sample that is being read: features [features], not cleared; and targets [targets] or
 * the index of its class. */
float *nnt_sample_writer_x(const nnt_sample_writer *writer);
float *nnt_sample_writer_targets(const nnt_sample_writer *writer);
int32_t *nnt_sample_writer_class(const nnt_sample_writer *writer);
/* The sample is complete. */
nnt_status nnt_sample_writer_next(nnt_sample_writer *writer, nnt_error *error) NNT_MUST_CHECK;
/* Writes what is left, gives the classes their order (all zeros for targets), and puts the file in
 * place. */
nnt_status nnt_sample_writer_finish(nnt_sample_writer *writer, const nnt_class_order *order,
                                    nnt_convert_result *result, nnt_error *error) NNT_MUST_CHECK;
/* Leaves nothing behind of what is not finished. */
void nnt_sample_writer_clear(nnt_sample_writer *writer);

#endif
