/* The program once more, for tests: ranks that send themselves a signal at a chosen point of a run,
 * where a signal from outside would come at any. The linker hands calls of the program to the
 * functions here (--wrap); the program itself knows nothing of it.
 *
 *   NNT_RAISE_SIGNAL  its number; unset: nothing happens
 *   NNT_RAISE_RANKS   the ranks that do, such as "2,3"; unset: all
 *   NNT_RAISE_STEP    in which of the steps that the process trains, from 1
 *   NNT_RAISE_AT      begin   before the step: the parameters are those of the step before
 *                     update  in the middle of the update: the rank has begun to write its part
 *                     end     after the update, before the rank tells anybody that it is done
 *   NNT_RAISE_FILE    gets a line "RANK PROCESS" before
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "step/step.h"
#include "step/updater.h"

static int64_t steps;  /* begun */
static bool has_begun; /* to write the running step's update */

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value != NULL ? value : "";
}

static bool is_meant(const char *point) {
  char ranks[256], own[32];
  if (strcmp(setting("NNT_RAISE_AT"), point) != 0) return false;
  if (strtoll(setting("NNT_RAISE_STEP"), NULL, 10) != steps) return false;
  if (*setting("NNT_RAISE_RANKS") == '\0') return true;
  (void)snprintf(ranks, sizeof ranks, ",%s,", setting("NNT_RAISE_RANKS"));
  (void)snprintf(own, sizeof own, ",%s,", setting("OMPI_COMM_WORLD_RANK"));
  return strstr(ranks, own) != NULL;
}

static void write_line(const char *path) {
  char line[64];
  if (*path == '\0') return;
  int length = snprintf(line, sizeof line, "%s %d\n", setting("OMPI_COMM_WORLD_RANK"), getpid());
  int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0 || write(file, line, (size_t)length) != length || close(file) != 0) abort();
}

static void pass(const char *point) {
  int number = (int)strtol(setting("NNT_RAISE_SIGNAL"), NULL, 10);
  if (number == 0 || !is_meant(point)) return;
  write_line(setting("NNT_RAISE_FILE"));
  (void)raise(number);
}

/* NOLINTBEGIN: names that the linker asks for. Declared by the type of the function that they stand
 * for, so that a change of that does not compile. */
__typeof__(nnt_stepper_run) __real_nnt_stepper_run, __wrap_nnt_stepper_run;
__typeof__(nnt_updater_range) __real_nnt_updater_range, __wrap_nnt_updater_range;

nnt_status __wrap_nnt_stepper_run(nnt_stepper *stepper, const nnt_sample_order *order,
                                  int64_t first, int64_t batch, double learning_rate, double *loss,
                                  nnt_step_times *times, nnt_error *error) {
  ++steps;
  has_begun = false;
  pass("begin");
  nnt_status status =
      __real_nnt_stepper_run(stepper, order, first, batch, learning_rate, loss, times, error);
  pass("end");
  return status;
}

void __wrap_nnt_updater_range(nnt_updater *updater, int bucket, int64_t begin, int64_t end) {
  __real_nnt_updater_range(updater, bucket, begin, end);
  if (!has_begun) pass("update");
  has_begun = true;
}
/* NOLINTEND */
