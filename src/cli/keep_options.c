/* Options of checkpoints and limits of a run. */
#include "cli/keep_options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Slurm ends a job up to so many seconds before or after its limit. */
#define SLURM_SECONDS 30.0
#define MOST_COUNT INT64_C(1000000000000)

typedef struct unit {
  const char *name;
  nnt_every every;
  int64_t times;
} unit;

static const unit units[] = {{"epochs", NNT_EVERY_EPOCHS, 1}, {"epoch", NNT_EVERY_EPOCHS, 1},
                             {"steps", NNT_EVERY_STEPS, 1},   {"step", NNT_EVERY_STEPS, 1},
                             {"s", NNT_EVERY_SECONDS, 1},     {"min", NNT_EVERY_SECONDS, 60},
                             {"h", NNT_EVERY_SECONDS, 3600}};

bool parse_interval(const char *text, nnt_interval *out) {
  char *end = NULL;
  if (*text < '0' || *text > '9') return false;
  long long count = strtoll(text, &end, 10);
  if (count < 1 || count > MOST_COUNT) return false;
  end += strspn(end, " ");
  for (size_t i = 0; i < sizeof units / sizeof *units; ++i) {
    if (strcmp(end, units[i].name) != 0) continue;
    *out = (nnt_interval){units[i].every, count * units[i].times};
    return true;
  }
  return false;
}

/* A whole number; false without one. */
static bool take_number(const char **text, double *out) {
  char *end = NULL;
  if (**text < '0' || **text > '9') return false;
  *out = (double)strtoll(*text, &end, 10);
  *text = end;
  return *out < 1e9;
}

bool parse_duration(const char *text, double *out) {
  double days = 0.0, parts[3] = {0.0, 0.0, 0.0};
  int count = 0;
  if (!take_number(&text, &parts[0])) return false;
  bool with_days = *text == '-';
  if (with_days) {
    days = parts[0];
    ++text;
    if (!take_number(&text, &parts[0])) return false;
  }
  for (count = 1; *text == ':' && count < 3; ++count) {
    ++text;
    if (!take_number(&text, &parts[count]) || parts[count] >= 60.0) return false;
  }
  if (*text != '\0') return false;
  /* Seconds of the first part: hours, or else minutes. */
  double first = with_days || count == 3 ? 3600.0 : 60.0;
  *out = days * 86400.0 + first * (parts[0] + (parts[1] + parts[2] / 60.0) / 60.0);
  return *out > 0.0;
}

/* Seconds that the Slurm job has left; 0: no job, or no limit. */
static double slurm_seconds(void) {
  int64_t end = 0;
  const char *text = getenv("SLURM_JOB_END_TIME");
  if (text == NULL || !parse_int(text, &end) || end <= 0) return 0.0;
  double left = (double)end - (double)time(NULL);
  return left > 0.0 ? fmax(left - SLURM_SECONDS, 1.0) : 0.0;
}

static nnt_status take_limit(const options *parsed, nnt_train_options *train, nnt_error *error) {
  const char *text = options_text(parsed, "time-limit");
  if (text == NULL)
    train->time_limit = slurm_seconds();
  else if (strcmp(text, "none") != 0 && !parse_duration(text, &train->time_limit))
    return nnt_fail(error, NNT_BAD_USAGE,
                    "not a duration\n--time-limit %s\ngive minutes, H:M:S, D-H:M:S, or none", text);
  return NNT_OK;
}

nnt_status take_keeping(const options *parsed, nnt_train_options *train, nnt_error *error) {
  const char *every = options_text(parsed, "checkpoint-every");
  if (!parse_interval(every, &train->checkpoint_every))
    return nnt_fail(error, NNT_BAD_USAGE,
                    "not an interval\n--checkpoint-every %s\ngive a number with its unit: "
                    "500steps, 2epochs, 30s, 10min or 1h",
                    every);
  nnt_status status = options_int(parsed, "keep", 0, INT64_MAX, &train->keep, error);
  if (status == NNT_OK)
    status = options_real(parsed, "watchdog", 0.0, 1e9, &train->watchdog, error);
  if (status == NNT_OK && train->watchdog > 0.0 && train->watchdog < 1.0)
    return nnt_fail(
        error, NNT_BAD_USAGE,
        "watchdog time too short\n--watchdog %s\ngive at least 1 second, or 0 to disable it",
        options_text(parsed, "watchdog"));
  return status == NNT_OK ? take_limit(parsed, train, error) : status;
}
