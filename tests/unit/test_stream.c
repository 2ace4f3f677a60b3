/* A streamed data set: on any number of ranks and nodes every sample is found where it should be,
 * in any order and from any position; a failed read is reported on all ranks. */
#include "input/stream.h"

#include <unistd.h>

#include "base/partition.h"
#include "comm/comm.h"
#include "hdf5/h5.h"
#include "unit.h"

enum { SAMPLES = 1003, FEATURES = 3 };

static nnt_comm *comm;
static nnt_error error;
static char path[64];
static const nnt_loss loss = NNT_CROSS_ENTROPY;

/* Rank 0 writes a file: sample i holds 3 i, 3 i + 1, 3 i + 2 and class i % 7. */
static void write_file(int64_t chunk_rows) {
  nnt_status status = NNT_OK;
  (void)snprintf(path, sizeof path, "stream-%d.h5", nnt_comm_size(comm));
  if (nnt_comm_rank(comm) == 0) {
    static int32_t x[SAMPLES * FEATURES];
    static int32_t y[SAMPLES];
    const int64_t x_dims[2] = {SAMPLES, FEATURES}, y_dims[1] = {SAMPLES};
    nnt_h5 *file = NULL;
    for (int i = 0; i < SAMPLES * FEATURES; ++i) x[i] = i;
    for (int i = 0; i < SAMPLES; ++i) y[i] = i % 7;
    assert_int_equal(nnt_h5_create(path, &file, &error), NNT_OK);
    if (chunk_rows > 0) {
      assert_int_equal(
          nnt_h5_make_growing(file, "/x", NNT_H5_U16, 2, x_dims, chunk_rows, 3, &error), NNT_OK);
      assert_int_equal(nnt_h5_write_rows(file, "/x", 0, SAMPLES, NNT_H5_I32, x, &error), NNT_OK);
    } else {
      assert_int_equal(nnt_h5_write(file, "/x", NNT_H5_I32, 2, x_dims, x, &error), NNT_OK);
    }
    assert_int_equal(nnt_h5_write(file, "/y", NNT_H5_I32, 1, y_dims, y, &error), NNT_OK);
    status = nnt_h5_close(&file, &error);
  }
  assert_int_equal(nnt_comm_agree(comm, status, &error), NNT_OK);
}

static double value_at(const nnt_samples *samples, int64_t index, int feature) {
  const void *row = nnt_samples_row(samples, index);
  return samples->element == NNT_U16 ? (double)((const uint16_t *)row)[feature]
                                     : (double)((const float *)row)[feature];
}

static void check_batch(nnt_stream *stream, const nnt_sample_order *order, int64_t first,
                        int64_t count) {
  const nnt_samples *samples = nnt_stream_samples(stream);
  assert_int_equal(nnt_stream_need(stream, first, count, &error), NNT_OK);
  for (int64_t p = first; p < first + count; ++p) {
    int64_t s = nnt_sample_order_at(order, p);
    for (int f = 0; f < FEATURES; ++f)
      assert_true(value_at(samples, s, f) == (double)(s * FEATURES + f));
    assert_int_equal(samples->classes[nnt_samples_place(samples, s)], s % 7);
  }
}

/* Three epochs in batches, of which the second begins in its middle, as a resumed run would. */
static void check_epochs(nnt_stream *stream, const nnt_shuffling *shuffling, int64_t batch) {
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    nnt_sample_order order = nnt_sample_order_make(shuffling, SAMPLES, 1, epoch);
    nnt_sample_order next = nnt_sample_order_make(shuffling, SAMPLES, 1, epoch + 1);
    nnt_stream_start(stream, &order, epoch < 2 ? &next : NULL);
    int64_t begin = epoch == 1 ? SAMPLES / 2 / batch * batch : 0;
    for (int64_t first = begin; first < SAMPLES; first += batch)
      check_batch(stream, &order, first, nnt_min_i64(batch, SAMPLES - first));
  }
}

/* What was read ahead for one order is not used for another. */
static void check_change_of_mind(nnt_stream *stream, const nnt_shuffling *shuffling,
                                 int64_t batch) {
  nnt_sample_order order = nnt_sample_order_make(shuffling, SAMPLES, 1, 0);
  nnt_sample_order announced = nnt_sample_order_make(shuffling, SAMPLES, 1, 1);
  nnt_sample_order other = nnt_sample_order_make(shuffling, SAMPLES, 2, 0);
  nnt_stream_start(stream, &order, &announced);
  check_batch(stream, &order, SAMPLES - batch, batch);
  nnt_stream_start(stream, &other, NULL);
  for (int64_t first = 0; first < SAMPLES; first += batch)
    check_batch(stream, &other, first, nnt_min_i64(batch, SAMPLES - first));
}

static void check_stream(const nnt_shuffling *shuffling, int64_t batch, nnt_io io) {
  nnt_resident *data = NULL;
  nnt_read_ahead *reader = NULL;
  nnt_stream *stream = NULL;
  nnt_resident_request request = {.place = {.path = path}, .loss = &loss};
  assert_int_equal(nnt_resident_open(comm, &request, &data, &error), NNT_OK);
  assert_int_equal(nnt_resident_scan(comm, data, &error), NNT_OK);
  assert_int_equal(data->classes, 7);
  assert_int_equal(data->largest_row, 6);
  if (io == NNT_IO_COLLECTIVE)
    assert_int_equal(nnt_resident_share(comm, data, &error), NNT_OK);
  else
    assert_int_equal(nnt_read_ahead_create(&reader, &error), NNT_OK);
  assert_int_equal(nnt_stream_create(comm, data, reader, shuffling, &stream, &error), NNT_OK);
  assert_true(nnt_stream_reach(stream) >= batch);
  check_epochs(stream, shuffling, batch);
  check_change_of_mind(stream, shuffling, batch);
  nnt_shuffling none = {NNT_SHUFFLE_NONE, shuffling->block, shuffling->window};
  nnt_sample_order in_order = nnt_sample_order_make(&none, SAMPLES, 0, 0);
  nnt_stream_start_in_order(stream);
  for (int64_t first = 0; first < SAMPLES; first += batch)
    check_batch(stream, &in_order, first, nnt_min_i64(batch, SAMPLES - first));
  nnt_read_ahead_destroy(&reader);
  nnt_stream_destroy(&stream);
  nnt_resident_destroy(&data);
}

static void check_settings(nnt_io io) {
  if (io == NNT_IO_COLLECTIVE && nnt_h5_can_collective(&error) != NNT_OK) skip();
  static const nnt_shuffling settings[] = {
      {NNT_SHUFFLE_WINDOWED, 4, 100},   {NNT_SHUFFLE_WINDOWED, 1, 64},
      {NNT_SHUFFLE_WINDOWED, 64, 64},   {NNT_SHUFFLE_WINDOWED, 50, 500},
      {NNT_SHUFFLE_WINDOWED, 10, 1010}, {NNT_SHUFFLE_NONE, 10, 100}};
  static const int64_t batches[] = {1, 32, 50};
  for (size_t s = 0; s < sizeof settings / sizeof *settings; ++s) {
    for (size_t b = 0; b < sizeof batches / sizeof *batches; ++b) {
      if (batches[b] <= nnt_stream_most(SAMPLES, &settings[s]))
        check_stream(&settings[s], batches[b], io);
    }
  }
}

static void streams(void **state) {
  (void)state;
  write_file(0);
  check_settings(NNT_IO_INDEPENDENT);
}

static void streams_chunks(void **state) {
  (void)state;
  write_file(7);
  check_settings(NNT_IO_INDEPENDENT);
}

static void streams_collectively(void **state) {
  (void)state;
  write_file(0);
  check_settings(NNT_IO_COLLECTIVE);
}

static void streams_chunks_collectively(void **state) {
  (void)state;
  write_file(7);
  check_settings(NNT_IO_COLLECTIVE);
}

/* Nodes of two ranks, as the library would find them on several machines. */
static void streams_on_several_nodes(void **state) {
  (void)state;
  nnt_comm *whole = comm, *parted = NULL;
  write_file(7);
  assert_int_equal(nnt_comm_create(MPI_COMM_WORLD, &parted, &error), NNT_OK);
  assert_int_equal(MPI_Comm_free(&parted->node), MPI_SUCCESS);
  assert_int_equal(MPI_Comm_split(parted->world, parted->rank / 2, parted->rank, &parted->node),
                   MPI_SUCCESS);
  MPI_Comm_rank(parted->node, &parted->node_rank);
  MPI_Comm_size(parted->node, &parted->node_size);
  parted->nodes = (parted->size + 1) / 2;
  comm = parted;
  check_settings(NNT_IO_INDEPENDENT);
  if (nnt_h5_can_collective(&error) == NNT_OK) check_settings(NNT_IO_COLLECTIVE);
  comm = whole;
  nnt_comm_destroy(&parted);
}

/* Every rank gets the error of the one that could not read, at the same call. */
static void tells_all_of_a_failure(void **state) {
  (void)state;
  const nnt_shuffling windows = {NNT_SHUFFLE_WINDOWED, 4, 200};
  nnt_resident *data = NULL;
  nnt_read_ahead *reader = NULL;
  nnt_stream *stream = NULL;
  nnt_resident_request request = {.place = {.path = path}, .loss = &loss};
  write_file(0);
  assert_int_equal(nnt_resident_open(comm, &request, &data, &error), NNT_OK);
  assert_int_equal(nnt_resident_scan(comm, data, &error), NNT_OK);
  assert_int_equal(nnt_read_ahead_create(&reader, &error), NNT_OK);
  assert_int_equal(nnt_stream_create(comm, data, reader, &windows, &stream, &error), NNT_OK);
  nnt_sample_order order = nnt_sample_order_make(&windows, SAMPLES, 1, 0);
  nnt_stream_start(stream, &order, NULL);
  assert_int_equal(nnt_stream_need(stream, 0, 10, &error), NNT_OK);
  assert_int_equal(nnt_comm_barrier(comm, &error), NNT_OK);
  if (nnt_comm_rank(comm) == 0) assert_int_equal(truncate(path, 3000), 0);
  assert_int_equal(nnt_comm_barrier(comm, &error), NNT_OK);
  nnt_status status = NNT_OK;
  int64_t first = 10;
  for (; first < SAMPLES && status == NNT_OK; first += 10)
    status = nnt_stream_need(stream, first, nnt_min_i64(10, SAMPLES - first), &error);
  assert_int_equal(status, NNT_IO_ERROR);
  assert_non_null(strstr(error.where, path));
  int64_t ends[2] = {first, -first};
  assert_int_equal(nnt_comm_max_int(comm, ends, 2, &error), NNT_OK);
  assert_int_equal(ends[0], -ends[1]);
  nnt_read_ahead_destroy(&reader);
  nnt_stream_destroy(&stream);
  nnt_resident_destroy(&data);
  if (nnt_comm_rank(comm) == 0) assert_int_equal(remove(path), 0);
}

int main(int argc, char **argv) {
  int provided = 0;
  const struct CMUnitTest tests[] = {cmocka_unit_test(streams),
                                     cmocka_unit_test(streams_chunks),
                                     cmocka_unit_test(streams_collectively),
                                     cmocka_unit_test(streams_chunks_collectively),
                                     cmocka_unit_test(streams_on_several_nodes),
                                     cmocka_unit_test(tells_all_of_a_failure)};
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return 1;
  if (nnt_comm_create(MPI_COMM_WORLD, &comm, &error) != NNT_OK) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  nnt_comm_destroy(&comm);
  MPI_Finalize();
  return failed;
}
