/* What is kept in memory: whole data sets, or windows of them, and their sizes. Pure functions of
 * sizes and settings, except for the limit. */
#ifndef NNT_INPUT_MEMORY_PLAN_H
#define NNT_INPUT_MEMORY_PLAN_H

#include <nntrain/comm.h>
#include <nntrain/streaming.h>
#include <stdbool.h>

/* A data set's sizes. */
typedef struct nnt_data_size {
  const char *name; /* for messages */
  int64_t samples;
  int64_t row_bytes;  /* of a sample with its targets, in memory */
  int64_t chunk_rows; /* samples per HDF5 chunk */
} nnt_data_size;

/* Memory for data sets per node. */
typedef struct nnt_data_limit {
  int64_t bytes;
  bool given; /* by --memory-limit */
  int node_ranks;
} nnt_data_limit;

/* The memory of one data set. */
typedef struct nnt_memory_plan {
  bool streaming;
  nnt_shuffling shuffling; /* resolved; with block and window if streaming */
  int64_t bytes;           /* per node */
} nnt_memory_plan;

/* The given limit, or half of the available memory of the node with the least, bounded by its
 * shared memory. Collective. */
nnt_status nnt_data_limit_of(nnt_comm *comm, const nnt_reading *reading, nnt_data_limit *out,
                             nnt_error *error) NNT_MUST_CHECK;

/* Plans a training set (plans[0]) of which `batch` samples are needed at once, and a validation set
 * (plans[1]; NULL: none) that is needed in order, 256 samples at a time. What does not fit whole is
 * streamed in windows, the validation set first. Zeros of `shuffling` are resolved. Errors:
 * NNT_BAD_USAGE when options contradict each other or the given memory limit; NNT_OUT_OF_MEMORY
 * when not even windows fit into the node's memory. */
nnt_status nnt_memory_plan_train(const nnt_data_limit *limit, nnt_data_mode mode,
                                 const nnt_shuffling *shuffling, int64_t batch,
                                 const nnt_data_size *train, const nnt_data_size *validation,
                                 nnt_memory_plan plans[2], nnt_error *error) NNT_MUST_CHECK;
/* Plans a data set that is needed in order only. */
nnt_status nnt_memory_plan_pass(const nnt_data_limit *limit, nnt_data_mode mode,
                                const nnt_data_size *data, nnt_memory_plan *plan,
                                nnt_error *error) NNT_MUST_CHECK;

#endif
