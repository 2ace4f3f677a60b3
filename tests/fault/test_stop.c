/* A run that is stopped after any step, on any rank, and goes on with any number of ranks ends as
 * if nothing had happened.
 *
 * The linker hands the trainer's calls of nnt_stepper_run to the one here, which asks to stop, and
 * those of clock_gettime, so that a step takes as long as a test wants. */
#include <dirent.h>
#include <math.h>
#include <nntrain/stop.h>
#include <stdatomic.h>
#include <time.h>

#include "../exact/exact.h"
#include "comm/subset.h"
#include "record/run_directory.h"
#include "step/step.h"

#define STEPS 7 /* of an epoch */
#define REASON 15

static nnt_comm *world;
static nnt_error error;

/* The step of this process, from 1, during which a rank is asked; 0: none. */
static int64_t stop_at, steps_done;
static bool asked; /* this rank */

/* Seconds that a step takes by a clock that only steps move; 0: by the machine's. */
static _Atomic double step_seconds, now;

/* NOLINTBEGIN: names that the linker asks for */
nnt_status __real_nnt_stepper_run(nnt_stepper *, const nnt_sample_order *, int64_t, int64_t, double,
                                  double *, nnt_step_times *, nnt_error *);
nnt_status __wrap_nnt_stepper_run(nnt_stepper *stepper, const nnt_sample_order *order,
                                  int64_t first, int64_t batch, double rate, double *loss,
                                  nnt_step_times *times, nnt_error *failure);

nnt_status __wrap_nnt_stepper_run(nnt_stepper *stepper, const nnt_sample_order *order,
                                  int64_t first, int64_t batch, double rate, double *loss,
                                  nnt_step_times *times, nnt_error *failure) {
  nnt_status status =
      __real_nnt_stepper_run(stepper, order, first, batch, rate, loss, times, failure);
  if (++steps_done == stop_at && asked) nnt_stop_request(REASON);
  now = now + step_seconds;
  return status;
}

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time) {
  if (!(step_seconds > 0.0) || clock != CLOCK_MONOTONIC) return __real_clock_gettime(clock, time);
  time->tv_sec = (time_t)now;
  time->tv_nsec = (long)(1e9 * fmod(now, 1.0));
  return 0;
}
/* NOLINTEND */

static void clear_directory(const char *path) {
  if (nnt_comm_rank(world) == 0) {
    DIR *directory = opendir(path);
    while (directory != NULL) {
      struct dirent *entry = readdir(directory);
      if (entry == NULL) break;
      if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
        assert_int_equal(unlinkat(dirfd(directory), entry->d_name, 0), 0);
    }
    if (directory != NULL) (void)closedir(directory);
  }
  assert_int_equal(nnt_comm_agree(world, NNT_OK, &error), NNT_OK);
}

/* Trains on `comm`; asks rank `rank` to stop during step `at` of this call. */
static nnt_status train(nnt_comm *comm, nnt_train_options *options, int64_t at, int rank,
                        nnt_train_result *result) {
  steps_done = 0;
  stop_at = at;
  asked = nnt_comm_rank(comm) == rank;
  nnt_stop_request(0);
  nnt_status status = nnt_train(comm, options, NULL, result, &error);
  nnt_stop_request(0);
  return status;
}

static nnt_train_options usual(const char *output) {
  nnt_train_options options = small_run(output);
  options.resume = true;
  options.validation.path = DATA;
  options.keep = 1;
  return options;
}

/* Rank 0: one line an epoch, with the losses of the run that nothing happened to. */
static void check_metrics(const char *output, const char *expected) {
  char ours[200], theirs[200], line[2][1000];
  int lines = 0;
  if (nnt_comm_rank(world) != 0) return;
  (void)snprintf(ours, sizeof ours, "%s/metrics.jsonl", output);
  (void)snprintf(theirs, sizeof theirs, "%s/metrics.jsonl", expected);
  FILE *a = fopen(ours, "r"), *b = fopen(theirs, "r");
  assert_true(a != NULL && b != NULL);
  while (fgets(line[0], sizeof line[0], a) != NULL) {
    assert_non_null(fgets(line[1], sizeof line[1], b));
    char *end = strstr(line[1], "\"learning_rate\"");
    assert_non_null(end);
    assert_memory_equal(line[0], line[1], (size_t)(end - line[1]));
    ++lines;
  }
  assert_null(fgets(line[1], sizeof line[1], b));
  assert_int_equal(lines, 3);
  assert_int_equal(fclose(a), 0);
  assert_int_equal(fclose(b), 0);
}

/* The run that nothing happened to. */
static void whole_run(const char *output, nnt_train_options *options, char digest[65]) {
  nnt_train_result result;
  clear_directory(output);
  options->output = output;
  assert_int_equal(train(world, options, 0, 0, &result), NNT_OK);
  memcpy(digest, result.digest, 65);
}

/* Stopped once, after each step of the run in turn, on each rank in turn. */
static void stops_after_any_step(void **state) {
  (void)state;
  char digest[65];
  int size = nnt_comm_size(world);
  nnt_train_result result;
  nnt_train_options options = usual("whole");
  whole_run("whole", &options, digest);
  options = usual("stopped");
  for (int64_t at = 1; at <= 3 * STEPS; ++at) {
    clear_directory("stopped");
    nnt_status status = train(world, &options, at, (int)(at % size), &result);
    assert_int_equal(status, NNT_STOPPED);
    assert_int_equal(nnt_status_exit_code(status), 75);
    assert_non_null(strstr(error.where, "stopped/checkpoint-"));
    assert_int_equal(train(world, &options, 0, 0, &result), NNT_OK);
    assert_string_equal(result.digest, digest);
    check_metrics("stopped", "whole");
  }
}

/* Stopped again and again, a few steps further each time, on another number of ranks. */
static void goes_on_with_any_ranks(nnt_train_options options, const char *whole, const char *name) {
  char digest[65];
  int stops = 0, size = nnt_comm_size(world);
  nnt_status status = NNT_STOPPED;
  nnt_train_result result;
  whole_run(whole, &options, digest);
  clear_directory(name);
  options.output = name;
  while (status == NNT_STOPPED) {
    int ranks = 1 + (stops * 2 + size - 1) % size;
    nnt_comm *part = NULL;
    assert_int_equal(nnt_comm_subset(world, ranks, &part, &error), NNT_OK);
    options.threads = 1 + stops % 2;
    if (part != NULL) status = train(part, &options, 1 + stops % 3, stops % ranks, &result);
    nnt_comm_destroy(&part);
    assert_int_equal(nnt_comm_rest(world, &error), NNT_OK);
    assert_int_equal(nnt_comm_broadcast(world, 0, &status, sizeof status, &error), NNT_OK);
    assert_int_equal(nnt_comm_broadcast(world, 0, &result, sizeof result, &error), NNT_OK);
    ++stops;
    assert_true(stops < 50);
  }
  assert_int_equal(status, NNT_OK);
  assert_true(stops > 5);
  assert_string_equal(result.digest, digest);
  check_metrics(name, whole);
}

static void goes_on_when_resident(void **state) {
  (void)state;
  goes_on_with_any_ranks(usual("whole"), "whole", "again");
}

/* The position is found in the windows of a stream too. */
static void goes_on_when_streaming(void **state) {
  (void)state;
  nnt_train_options options = usual("whole");
  options.reading.mode = NNT_DATA_STREAMING;
  options.shuffling = (nnt_shuffling){NNT_SHUFFLE_WINDOWED, 8, 64};
  goes_on_with_any_ranks(options, "whole-stream", "again-stream");
}

/* Two arenas of state, a rate that changes with every step, and parts of a batch. */
static void goes_on_with_methods(void **state) {
  (void)state;
  nnt_train_options options = usual("whole");
  nnt_optimizer_settings_default(NNT_ADAMW, &options.optimizer);
  options.optimizer.learning_rate = 0.01;
  options.schedule.kind = NNT_SCHEDULE_COSINE;
  options.regularization.input_dropout = 0.1;
  options.accumulate = 2;
  options.granules = 8;
  goes_on_with_any_ranks(options, "whole-adam", "again-adam");
}

/* With more ranks than parts of a batch a rank without one can ask too. */
static void hears_idle_ranks(void **state) {
  (void)state;
  nnt_train_options options = usual("idle");
  nnt_train_result result;
  options.granules = 1;
  clear_directory("idle");
  assert_int_equal(train(world, &options, 2, nnt_comm_size(world) - 1, &result), NNT_STOPPED);
  assert_int_equal(nnt_comm_agree(world, NNT_OK, &error), NNT_OK);
}

static void counts_in_the_fast_sum(void **state) {
  (void)state;
  nnt_train_options options = usual("fast");
  nnt_train_result result;
  options.reduction = NNT_REDUCTION_FAST;
  options.allreduce = NNT_ALLREDUCE_FLAT;
  clear_directory("fast");
  assert_int_equal(train(world, &options, 2, nnt_comm_size(world) - 1, &result), NNT_STOPPED);
}

/* Ahead of a time limit: what is left is enough for a checkpoint, which is expected to take 0.2 s
 * and gets twice as long, and was not enough for another step or two, half as long again as the
 * longest. Where several ranks have to agree, they do so with the step before. */
static void stops_ahead_of_the_time_limit(void **state) {
  (void)state;
  bool alone = nnt_comm_size(world) == 1;
  nnt_train_options options = usual("limit");
  nnt_train_result result;
  for (int half = 7; half < 16; ++half) {
    double limit = 0.5 * half;
    clear_directory("limit");
    options.time_limit = limit;
    now = 1000.0;
    step_seconds = 1.0;
    nnt_status status = train(world, &options, 0, 0, &result);
    double left = 1000.0 + limit - now;
    step_seconds = 0.0;
    assert_int_equal(status, NNT_STOPPED);
    assert_non_null(strstr(error.what, "ahead of the time limit"));
    assert_true(left >= 0.4);
    assert_true(left <= (alone ? 1.5 : 2.5) + 0.5);
  }
}

/* The state in the file is the state of the run, to the bit. */
static void keeps_the_whole_state(void **state) {
  (void)state;
  nnt_train_options options = usual("state");
  nnt_train_result result;
  nnt_checkpoint *found = NULL;
  nnt_log silent = {NULL, NULL};
  double sum = 0.0;
  clear_directory("state");
  options.checkpoint_every = (nnt_interval){NNT_EVERY_STEPS, 2};
  options.keep = 0;
  options.epochs = 1;
  assert_int_equal(train(world, &options, 0, 0, &result), NNT_OK);
  for (int step = 2; step < STEPS; step += 2) {
    char path[100];
    (void)snprintf(path, sizeof path, "state/checkpoint-00000-%08d.h5", step);
    assert_int_equal(nnt_run_directory_open(world, path, &found, &error), NNT_OK);
    assert_int_equal(found->state.epoch, 0);
    assert_int_equal(found->state.step, step);
    assert_int_equal(found->state.epoch_step, step);
    assert_true(isfinite(found->state.epoch_loss) && found->state.epoch_loss > sum);
    assert_true(found->state.epoch_seconds > 0.0);
    sum = found->state.epoch_loss;
    nnt_checkpoint_destroy(&found);
  }
  assert_int_equal(nnt_run_directory_newest(world, "state", &silent, &found, &error), NNT_OK);
  assert_int_equal(found->state.epoch, 1);
  assert_int_equal(found->state.epoch_step, 0);
  assert_true(found->state.epoch_loss == 0.0);
  nnt_checkpoint_destroy(&found);
}

int main(int argc, char **argv) {
  int provided = 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stops_after_any_step),   cmocka_unit_test(goes_on_when_resident),
      cmocka_unit_test(goes_on_when_streaming), cmocka_unit_test(goes_on_with_methods),
      cmocka_unit_test(hears_idle_ranks),       cmocka_unit_test(counts_in_the_fast_sum),
      cmocka_unit_test(keeps_the_whole_state),  cmocka_unit_test(stops_ahead_of_the_time_limit)};
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return 1;
  if (nnt_comm_create(MPI_COMM_WORLD, &world, &error) != NNT_OK) return 1;
  write_data(world);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  nnt_comm_destroy(&world);
  MPI_Finalize();
  return failed;
}
