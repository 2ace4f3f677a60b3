/* What is kept in memory: whole data sets, or windows of them. */
#include "input/memory_plan.h"

#include <inttypes.h>
#include <math.h>

#include "base/machine.h"
#include "base/partition.h"
#include "comm/comm.h"
#include "data/samples.h"
#include "input/stream.h"

/* A window has at least this many blocks, as long as a block is no smaller than a page: then a
 * batch is mixed as by a full shuffle (README.md). Blocks larger than the maximum would not be read
 * any faster. */
#define WINDOW_BLOCKS 4096
#define LEAST_BLOCK_BYTES 4096
#define MOST_BLOCK_BYTES (INT64_C(256) << 10)
/* Blocks are whole HDF5 chunks, so that none is decompressed twice, if at least this many fit into
 * a window. */
#define WINDOW_CHUNK_BLOCKS 256

/* Fractions of the limit: beside a streaming training set, a validation set of up to 1/4 of it
 * stays resident; one that streams gets 1/8. */
#define VALIDATION_SHARE 4
#define VALIDATION_STREAM_SHARE 8

nnt_status nnt_data_limit_of(nnt_comm *comm, const nnt_reading *reading, nnt_data_limit *out,
                             nnt_error *error) {
  int64_t bytes = reading->memory_limit > 0 ? reading->memory_limit : nnt_machine_available() / 2;
  if (nnt_comm_node_size(comm) > 1) bytes = nnt_min_i64(bytes, nnt_machine_shareable() / 10 * 9);
  int64_t values[2] = {-bytes, nnt_comm_node_size(comm)};
  nnt_status status = nnt_comm_max_int(comm, values, 2, error);
  *out = (nnt_data_limit){
      .bytes = -values[0], .given = reading->memory_limit > 0, .node_ranks = (int)values[1]};
  return status;
}

static double whole_bytes(const nnt_data_size *data) {
  return (double)data->samples * (double)data->row_bytes;
}

static double window_bytes(const nnt_data_size *data, const nnt_data_limit *limit,
                           const nnt_shuffling *windows) {
  return nnt_stream_bytes(data->samples, data->row_bytes, limit->node_ranks, windows);
}

/* Samples per block, such that two windows fit into `bytes`. */
static int64_t choose_block(const nnt_data_size *data, double bytes) {
  double rows = fmax(bytes / 2.0 / (double)data->row_bytes, 1.0);
  double wanted = fmin(fmax(bytes / 2.0 / WINDOW_BLOCKS, LEAST_BLOCK_BYTES), MOST_BLOCK_BYTES);
  /* The block tables take at most an eighth of the memory. */
  double least = fmax(64.0 * (double)data->samples / bytes, 1.0);
  int64_t block = (int64_t)fmin(fmax(wanted / (double)data->row_bytes, least), rows);
  int64_t chunks = nnt_ceil_div(block, data->chunk_rows) * data->chunk_rows;
  if (data->chunk_rows > 1 && rows / (double)chunks >= WINDOW_CHUNK_BLOCKS) block = chunks;
  return nnt_min_i64(nnt_max_i64(block, 1), data->samples);
}

static nnt_status fail_window(const nnt_data_size *data, const nnt_data_limit *limit, double bytes,
                              double needed, const nnt_shuffling *windows, nnt_error *error) {
  return nnt_fail(
      error, limit->given ? NNT_BAD_USAGE : NNT_OUT_OF_MEMORY,
      "not even two windows of the data set fit into memory\n%s: two windows of "
      "%" PRId64 " samples in blocks of %" PRId64
      " need %.3g MB per node, %.3g MB are available\nraise --memory-limit%s, or choose "
      "a smaller --shuffle-window (or --batch-size)",
      data->name, windows->window, windows->block, needed * 1e-6, bytes * 1e-6,
      limit->given ? "" : " if the node has more");
}

/* Chooses blocks and windows of a data set, `least` samples of which are needed at once, such that
 * two windows fit into `bytes` bytes if possible. Nonzero values are kept, windows rounded. */
static void settle_windows(const nnt_data_size *data, const nnt_data_limit *limit, double bytes,
                           int64_t least, nnt_shuffling *windows) {
  bool chosen = windows->window == 0;
  if (windows->block == 0) windows->block = choose_block(data, bytes);
  windows->block = nnt_min_i64(windows->block, data->samples);
  int64_t blocks = nnt_ceil_div(data->samples, windows->block);
  if (chosen) {
    nnt_shuffling none = {.block = windows->block};
    nnt_shuffling one = {.block = windows->block, .window = windows->block};
    double tables = window_bytes(data, limit, &none);
    double fitting = floor(fmax(bytes - tables, 0.0) / (window_bytes(data, limit, &one) - tables));
    /* Two windows need never exceed the data set. */
    int64_t wanted = (int64_t)fmin(fitting, (double)nnt_ceil_div(blocks, 2));
    windows->window = nnt_max_i64(wanted, 1) * windows->block;
    while (nnt_stream_most(data->samples, windows) < least) windows->window += windows->block;
  }
  windows->window =
      nnt_min_i64(nnt_max_i64(windows->window / windows->block, 1), blocks) * windows->block;
}

/* A streaming data set, in `bytes` bytes. */
static nnt_status plan_stream(const nnt_data_size *data, const nnt_data_limit *limit, double bytes,
                              int64_t least, nnt_memory_plan *plan, nnt_error *error) {
  nnt_shuffling *windows = &plan->shuffling;
  settle_windows(data, limit, bytes, least, windows);
  double needed = window_bytes(data, limit, windows);
  plan->streaming = true;
  plan->bytes = (int64_t)fmin(needed, 9e18);
  if (needed > bytes || 2 * (windows->window / windows->block) > INT32_MAX ||
      nnt_ceil_div(data->samples, windows->block) > INT32_MAX)
    return fail_window(data, limit, bytes, needed, windows, error);
  if (nnt_stream_most(data->samples, windows) >= least) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "a window is smaller than a batch\n%s: windows of %" PRId64
                  " samples in blocks of %" PRId64 ", a batch has %" PRId64
                  "\ngive a --shuffle-window of at least --batch-size and --shuffle-block together",
                  data->name, windows->window, windows->block, least);
}

/* A resident data set; a windowed shuffle still has its block and window. */
static void plan_whole(const nnt_data_size *data, const nnt_data_limit *limit,
                       nnt_memory_plan *plan) {
  plan->streaming = false;
  plan->bytes = (int64_t)fmin(whole_bytes(data), 9e18);
  if (plan->shuffling.kind == NNT_SHUFFLE_WINDOWED)
    settle_windows(data, limit, (double)limit->bytes, 1, &plan->shuffling);
}

static nnt_status fail_resident(const nnt_data_limit *limit, double needed, const char *name,
                                nnt_error *error) {
  return nnt_fail(error, NNT_BAD_USAGE,
                  "the data do not fit into the memory limit\n%s: %.3g MB, --memory-limit %" PRId64
                  " with --data-mode resident\nraise the limit, or omit --data-mode",
                  name, needed * 1e-6, limit->bytes);
}

static nnt_status plan_validation(const nnt_data_size *data, const nnt_data_limit *limit,
                                  bool streams, double bytes, nnt_memory_plan *plan,
                                  nnt_error *error) {
  *plan = (nnt_memory_plan){.shuffling = {.kind = NNT_SHUFFLE_NONE}};
  if (!streams) {
    plan_whole(data, limit, plan);
    return NNT_OK;
  }
  return plan_stream(data, limit, bytes, nnt_min_i64(NNT_EVALUATION_BLOCK, data->samples), plan,
                     error);
}

/* Resolves the kind of shuffle. */
static nnt_status settle_kind(bool streams, const nnt_data_size *data, nnt_shuffling *shuffling,
                              nnt_error *error) {
  nnt_shuffle kind = shuffling->kind;
  if (kind == NNT_SHUFFLE_AUTO && (streams || shuffling->block > 0 || shuffling->window > 0))
    shuffling->kind = NNT_SHUFFLE_WINDOWED;
  else if (kind == NNT_SHUFFLE_AUTO)
    shuffling->kind = NNT_SHUFFLE_FULL;
  if (!streams || kind != NNT_SHUFFLE_FULL) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "a full shuffle needs the whole data set in memory\n%s: %.3g MB would be "
                  "streamed\nraise --memory-limit, or start the run with --shuffle windowed",
                  data->name, whole_bytes(data) * 1e-6);
}

nnt_status nnt_memory_plan_train(const nnt_data_limit *limit, nnt_data_mode mode,
                                 const nnt_shuffling *shuffling, int64_t batch,
                                 const nnt_data_size *train, const nnt_data_size *validation,
                                 nnt_memory_plan plans[2], nnt_error *error) {
  double all = (double)limit->bytes, first = whole_bytes(train);
  double second = validation != NULL ? whole_bytes(validation) : 0.0;
  bool resident = mode == NNT_DATA_RESIDENT;
  if (resident && limit->given && first + second > all)
    return fail_resident(limit, first + second, train->name, error);
  bool streams = mode == NNT_DATA_STREAMING ||
                 (!resident && first > (validation != NULL && first + second > all
                                            ? all - all / VALIDATION_STREAM_SHARE
                                            : all));
  bool validation_streams =
      !resident && (streams ? second > all / VALIDATION_SHARE : first + second > all);
  plans[0] = (nnt_memory_plan){.shuffling = *shuffling};
  plans[1] = (nnt_memory_plan){.shuffling = {.kind = NNT_SHUFFLE_NONE}};
  nnt_status status = settle_kind(streams, train, &plans[0].shuffling, error);
  if (status == NNT_OK && validation != NULL)
    status =
        plan_validation(validation, limit, validation_streams,
                        streams ? all / VALIDATION_STREAM_SHARE : all - first, &plans[1], error);
  if (status == NNT_OK && !streams) plan_whole(train, limit, &plans[0]);
  if (status != NNT_OK || !streams) return status;
  return plan_stream(train, limit, all - (double)plans[1].bytes, nnt_min_i64(batch, train->samples),
                     &plans[0], error);
}

nnt_status nnt_memory_plan_pass(const nnt_data_limit *limit, nnt_data_mode mode,
                                const nnt_data_size *data, nnt_memory_plan *plan,
                                nnt_error *error) {
  double all = (double)limit->bytes, bytes = whole_bytes(data);
  if (mode == NNT_DATA_RESIDENT && limit->given && bytes > all)
    return fail_resident(limit, bytes, data->name, error);
  bool streams = mode == NNT_DATA_STREAMING || (mode == NNT_DATA_AUTO && bytes > all);
  return plan_validation(data, limit, streams, all, plan, error);
}
