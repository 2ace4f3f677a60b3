/* What lies in memory: whole data sets, or windows of them, and how large these are. Pure
 * functions of sizes and settings, but for the limit. */
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
  int64_t chunk_rows; /* samples that the file stores together */
} nnt_data_size;

/* What the memory of a node may hold. */
typedef struct nnt_data_limit {
  int64_t bytes;
  bool given; /* by --memory-limit */
  int node_ranks;
} nnt_data_limit;

/* How one data set is held. */
typedef struct nnt_memory_plan {
  bool streaming;
  nnt_shuffling shuffling; /* settled; of a data set that streams block and window are set */
  int64_t bytes;           /* a node */
} nnt_memory_plan;

/* What is given, or half of the memory that is available on the node with the least, as far as
 * ranks can share it. Collective. */
nnt_status nnt_data_limit_of(nnt_comm *comm, const nnt_reading *reading, nnt_data_limit *out,
                             nnt_error *error) NNT_MUST_CHECK;

/* A training set (in plans[0]) of which `batch` samples are needed at once, and a validation set
 * (in plans[1]; NULL: none), needed in order, 256 samples at least. What does not fit whole streams
 * in windows; the validation set gives way first. Zeros of `shuffling` are settled. Errors:
 * NNT_BAD_USAGE when the options contradict each other, or the memory limit that was given;
 * NNT_OUT_OF_MEMORY when not even windows fit into the node. */
nnt_status nnt_memory_plan_train(const nnt_data_limit *limit, nnt_data_mode mode,
                                 const nnt_shuffling *shuffling, int64_t batch,
                                 const nnt_data_size *train, const nnt_data_size *validation,
                                 nnt_memory_plan plans[2], nnt_error *error) NNT_MUST_CHECK;
/* A data set that is needed in order only. */
nnt_status nnt_memory_plan_pass(const nnt_data_limit *limit, nnt_data_mode mode,
                                const nnt_data_size *data, nnt_memory_plan *plan,
                                nnt_error *error) NNT_MUST_CHECK;

#endif
