/* Options of the learning-rate schedule. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/method_options.h"

/* One bit per kind of schedule. */
#define FOR(kind) (1U << (kind))

/* Which schedules have which options. */
static const struct use {
  const char *name;
  unsigned kinds;
} uses[] = {{"warmup", ~FOR(NNT_SCHEDULE_ONE_CYCLE)},
            {"schedule-every", FOR(NNT_SCHEDULE_STEP)},
            {"milestones", FOR(NNT_SCHEDULE_MULTI_STEP)},
            {"schedule-factor", FOR(NNT_SCHEDULE_STEP) | FOR(NNT_SCHEDULE_MULTI_STEP) |
                                    FOR(NNT_SCHEDULE_EXPONENTIAL) | FOR(NNT_SCHEDULE_PLATEAU)},
            {"schedule-power", FOR(NNT_SCHEDULE_POLYNOMIAL)},
            {"schedule-end",
             FOR(NNT_SCHEDULE_POLYNOMIAL) | FOR(NNT_SCHEDULE_COSINE) | FOR(NNT_SCHEDULE_PLATEAU)},
            {"schedule-epochs",
             FOR(NNT_SCHEDULE_POLYNOMIAL) | FOR(NNT_SCHEDULE_COSINE) | FOR(NNT_SCHEDULE_ONE_CYCLE)},
            {"plateau-patience", FOR(NNT_SCHEDULE_PLATEAU)},
            {"plateau-threshold", FOR(NNT_SCHEDULE_PLATEAU)}};

static nnt_status check_uses(const options *parsed, nnt_schedule_kind kind, nnt_error *error) {
  for (size_t i = 0; i < sizeof uses / sizeof *uses; ++i) {
    if ((uses[i].kinds & FOR(kind)) == 0 && options_given(parsed, uses[i].name))
      return nnt_fail(error, NNT_BAD_USAGE,
                      "this schedule has no such option\n--%s with --schedule %s\nomit --%s, or "
                      "choose another schedule",
                      uses[i].name, nnt_schedule_name(kind), uses[i].name);
  }
  return NNT_OK;
}

/* "5epochs", "1epoch", "500steps". */
static nnt_status take_span(const options *parsed, const char *name, nnt_span *out,
                            nnt_error *error) {
  const char *text = options_text(parsed, name);
  char *end = NULL;
  if (text == NULL) return NNT_OK;
  out->count = strtoll(text, &end, 10);
  bool epochs = strcmp(end, "epochs") == 0 || strcmp(end, "epoch") == 0;
  bool steps = strcmp(end, "steps") == 0 || strcmp(end, "step") == 0;
  out->epochs = epochs;
  if (end != text && (epochs || steps) && out->count >= 1 && out->count <= INT32_MAX) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "not a span\n--%s %s\ngive a number with its unit, such as 5epochs "
                  "or 500steps",
                  name, text);
}

static nnt_status take_milestones(const options *parsed, nnt_schedule_settings *out,
                                  nnt_error *error) {
  char **words = NULL;
  int64_t count = 0;
  nnt_status status = options_words(parsed, "milestones", NNT_MILESTONES, &words, &count, error);
  out->milestone_count = (int)count;
  for (int64_t i = 0; i < count && status == NNT_OK; ++i) {
    bool good = parse_int(words[i], &out->milestones[i]) && out->milestones[i] >= 1;
    if (!good || (i > 0 && out->milestones[i] <= out->milestones[i - 1]))
      status = nnt_fail(error, NNT_BAD_USAGE,
                        "not milestones\n--milestones %s: '%s'\ngive ascending "
                        "numbers of epochs, such as --milestones 30,60",
                        options_text(parsed, "milestones"), words[i]);
  }
  free(words);
  return status;
}

static nnt_status check_needed(const options *parsed, nnt_schedule_kind kind, nnt_error *error) {
  const char *ignored = NULL;
  if (kind == NNT_SCHEDULE_STEP) return options_required(parsed, "schedule-every", &ignored, error);
  if (kind == NNT_SCHEDULE_MULTI_STEP)
    return options_required(parsed, "milestones", &ignored, error);
  return NNT_OK;
}

nnt_status take_schedule(const options *parsed, nnt_schedule_settings *out, nnt_error *error) {
  nnt_status status = nnt_schedule_parse(options_text(parsed, "schedule"), &out->kind, error);
  if (status == NNT_OK) status = check_uses(parsed, out->kind, error);
  if (status == NNT_OK) status = check_needed(parsed, out->kind, error);
  if (status == NNT_OK) status = take_span(parsed, "warmup", &out->warmup, error);
  if (status == NNT_OK) status = take_span(parsed, "schedule-every", &out->every, error);
  if (status == NNT_OK) status = take_milestones(parsed, out, error);
  if (status == NNT_OK)
    status = options_real(parsed, "schedule-factor", 0.0, 1.0, &out->factor, error);
  if (status == NNT_OK)
    status = options_real(parsed, "schedule-power", 0.0, 100.0, &out->power, error);
  if (status == NNT_OK) status = options_real(parsed, "schedule-end", 0.0, 1e9, &out->end, error);
  if (status == NNT_OK)
    status = options_int(parsed, "plateau-patience", 0, 10000000, &out->patience, error);
  if (status == NNT_OK)
    status = options_real(parsed, "plateau-threshold", 0.0, 0.999999, &out->threshold, error);
  if (status == NNT_OK && options_given(parsed, "schedule-epochs"))
    status = options_int(parsed, "schedule-epochs", 1, 10000000, &out->epochs, error);
  if (status == NNT_OK && options_given(parsed, "scale-learning-rate"))
    status = options_int(parsed, "scale-learning-rate", 1, INT32_MAX, &out->base_batch, error);
  return status;
}
