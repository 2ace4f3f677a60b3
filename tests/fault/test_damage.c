/* Damaged checkpoints and data files: flipped bits and lost ends, at thousands of places. A
 * checkpoint with any damage is refused. A data file that nntrain wrote is refused, or the damage
 * is where no data are; never are other data read, and the process neither ends nor hangs.
 *
 * NNT_TEST_SEED repeats a run, NNT_TEST_PLACES says how many places of a data file (default 2000).
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "../exact/exact.h"
#include "io/atomic_file.h"
#include "io/checkpoint.h"
#include "io/dataset_file.h"
#include "record/run_directory.h"

#define ROWS 203
#define COLUMNS 13

static nnt_comm *world;
static nnt_error error;
static uint64_t seed;

/* Random bits, the same for the same index. */
static uint64_t test_bits(uint64_t stream, int64_t index) {
  nnt_rng_block words = nnt_rng_words(stream, NNT_RNG_SYNTHETIC_DATA, 1, (uint64_t)index);
  return (uint64_t)words.word[0] << 32 | words.word[1];
}

static uint64_t number(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static unsigned char *read_file(const char *path, size_t *size) {
  void *bytes = NULL;
  assert_int_equal(nnt_file_read_all(path, &bytes, size, &error), NNT_OK);
  return bytes;
}

static void write_file(const char *path, const unsigned char *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

/* --- checkpoints --- */

static unsigned char *a_checkpoint(size_t *size) {
  nnt_train_options options = small_run("damaged");
  nnt_train_result result;
  options.hidden_count = 1;
  options.hidden[0] = 5;
  options.resume = true;
  options.checkpoint_every = (nnt_interval){NNT_EVERY_STEPS, 5};
  options.keep = 0;
  assert_int_equal(nnt_train(world, &options, NULL, &result, &error), NNT_OK);
  return read_file("damaged/checkpoint-00001-00000003.h5", size);
}

static void expect_refused(const unsigned char *bytes, size_t size) {
  nnt_checkpoint *found = NULL;
  assert_int_equal(nnt_checkpoint_decode("damaged", bytes, size, &found, &error), NNT_BAD_INPUT);
  assert_null(found);
}

/* A bit of every byte, and every length. */
static void refuses_every_damaged_checkpoint(void **state) {
  (void)state;
  size_t size = 0;
  unsigned char *bytes = a_checkpoint(&size);
  for (size_t i = 0; i < size; ++i) {
    unsigned char flip = (unsigned char)(1U << (unsigned)(test_bits(seed, (int64_t)i) % 8));
    bytes[i] ^= flip;
    expect_refused(bytes, size);
    bytes[i] ^= flip;
  }
  /* Every bit of the first line: another format's number is damage too. */
  for (size_t bit = 0; bit < 8 * strlen("nntrain-checkpoint 4"); ++bit) {
    bytes[bit / 8] ^= (unsigned char)(1U << (bit % 8));
    expect_refused(bytes, size);
    bytes[bit / 8] ^= (unsigned char)(1U << (bit % 8));
  }
  for (size_t length = 0; length < size; ++length) expect_refused(bytes, length);
  print_message("%zu flipped bytes and %zu lengths of a checkpoint: all refused\n", size, size);
  free(bytes);
}

/* Random damage of some files of a run: the newest that is whole is found. */
static void finds_the_newest_whole_one(void **state) {
  (void)state;
  static const char *const names[] = {"checkpoint-00003.h5", "checkpoint-00002-00000006.h5",
                                      "checkpoint-00002-00000001.h5", "checkpoint-00002.h5"};
  nnt_log silent = {NULL, NULL};
  for (int i = 0; i < 60; ++i) {
    nnt_checkpoint *found = NULL;
    unsigned char *kept[3];
    size_t sizes[3];
    char path[100];
    int damaged = 1 + i % 3;
    for (int j = 0; j < damaged; ++j) {
      (void)snprintf(path, sizeof path, "damaged/%s", names[j]);
      kept[j] = read_file(path, &sizes[j]);
      uint64_t bits = test_bits(seed + 1, i * 3 + j);
      size_t at = bits % sizes[j];
      kept[j][at] ^= 1;
      write_file(path, kept[j], bits % 5 == 0 ? at : sizes[j]);
      kept[j][at] ^= 1;
    }
    assert_int_equal(nnt_run_directory_newest(world, "damaged", &silent, &found, &error), NNT_OK);
    char name[NNT_CHECKPOINT_NAME];
    nnt_run_directory_file_name(&found->state, name);
    assert_string_equal(name, names[damaged]);
    nnt_checkpoint_destroy(&found);
    for (int j = 0; j < damaged; ++j) {
      (void)snprintf(path, sizeof path, "damaged/%s", names[j]);
      write_file(path, kept[j], sizes[j]);
      free(kept[j]);
    }
  }
}

/* --- data files --- */

typedef struct contents {
  float x[ROWS * COLUMNS];
  int32_t y[ROWS];
} contents;

enum { READ_SAME = 0, READ_OTHER = 1, READ_REFUSED = 2 };

static nnt_status read_data(const char *path, contents *out) {
  nnt_dataset_place place = {.path = path};
  nnt_dataset_file *file = NULL;
  memset(out, 0, sizeof *out);
  nnt_status status = nnt_dataset_file_open(&place, true, &file, &error);
  if (status != NNT_OK) return status;
  const nnt_dataset_shape *shape = nnt_dataset_file_shape(file);
  /* Another shape would not be trained with a network made for this one. */
  if (shape->samples != ROWS || shape->features != COLUMNS || shape->element != NNT_F32)
    status = nnt_fail(&error, NNT_BAD_INPUT, "another shape\nthere\nnone");
  if (status == NNT_OK) status = nnt_dataset_file_read_x(file, 0, ROWS, out->x, &error);
  if (status == NNT_OK) status = nnt_dataset_file_read_classes(file, 0, ROWS, out->y, &error);
  if (status == NNT_OK) status = nnt_dataset_file_check_length(file, &error);
  nnt_dataset_file_close(&file);
  return status;
}

/* Reads the file in a process of its own. */
static int try_file(const char *path, const contents *expected, size_t at) {
  int status = 0;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    static contents found;
    (void)alarm(20);
    if (read_data(path, &found) != NNT_OK) _exit(READ_REFUSED);
    _exit(memcmp(&found, expected, sizeof found) == 0 ? READ_SAME : READ_OTHER);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFEXITED(status))
    fail_msg("signal %d, seed %llu, place %zu of %s", WTERMSIG(status), (unsigned long long)seed,
             at, path);
  assert_true(WEXITSTATUS(status) <= READ_REFUSED);
  return WEXITSTATUS(status);
}

static void damage_data(int compression) {
  nnt_convert_options options = {
      .input = "data.csv",
      .output = {.path = "whole.h5", .force = true, .compression = compression}};
  nnt_convert_result result;
  static contents expected;
  size_t size = 0;
  int counts[3] = {0}, cut[3] = {0}, places = (int)number("NNT_TEST_PLACES", 2000);
  assert_int_equal(nnt_convert(&options, &result, &error), NNT_OK);
  assert_int_equal(read_data("whole.h5", &expected), NNT_OK);
  unsigned char *bytes = read_file("whole.h5", &size);
  for (int i = 0; i < places; ++i) {
    uint64_t bits = test_bits(seed + 2, i);
    /* Half of them where HDF5 keeps its own. */
    size_t at = (bits >> 8) % (i % 2 == 0 ? 2048 : size);
    unsigned char flip = (unsigned char)(1U << (unsigned)(bits % 8));
    bytes[at] ^= flip;
    write_file("flipped.h5", bytes, size);
    bytes[at] ^= flip;
    ++counts[try_file("flipped.h5", &expected, at)];
  }
  for (int i = 0; i < places / 10; ++i) {
    size_t length = test_bits(seed + 3, i) % size;
    write_file("cut.h5", bytes, length);
    ++cut[try_file("cut.h5", &expected, length)];
  }
  print_message(
      "compression %d, %zu bytes, %d flips: %d refused, %d the same data, %d other; %d cut "
      "off: %d refused\n",
      compression, size, places, counts[READ_REFUSED], counts[READ_SAME], counts[READ_OTHER],
      places / 10, cut[READ_REFUSED]);
  assert_int_equal(cut[READ_REFUSED], places / 10);
  assert_int_equal(counts[READ_OTHER], 0);
  assert_true(counts[READ_REFUSED] > places / 2);
  free(bytes);
}

static void survives_damaged_data(void **state) {
  (void)state;
  damage_data(0);
  damage_data(4);
}

int main(int argc, char **argv) {
  int provided = 0;
  const struct CMUnitTest tests[] = {cmocka_unit_test(refuses_every_damaged_checkpoint),
                                     cmocka_unit_test(finds_the_newest_whole_one),
                                     cmocka_unit_test(survives_damaged_data)};
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return 1;
  if (nnt_comm_create(MPI_COMM_WORLD, &world, &error) != NNT_OK) return 1;
  seed = number("NNT_TEST_SEED", (uint64_t)time(NULL));
  print_message("seed %llu\n", (unsigned long long)seed);
  write_data(world);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  nnt_comm_destroy(&world);
  MPI_Finalize();
  return failed;
}
