/* Names and defaults of the learning-rate schedules. */
#include <nntrain/methods.h>

#include "net/names.h"

static const char *const schedules[] = {
    [NNT_SCHEDULE_CONSTANT] = "constant",     [NNT_SCHEDULE_STEP] = "step",
    [NNT_SCHEDULE_MULTI_STEP] = "multi-step", [NNT_SCHEDULE_EXPONENTIAL] = "exponential",
    [NNT_SCHEDULE_POLYNOMIAL] = "polynomial", [NNT_SCHEDULE_COSINE] = "cosine",
    [NNT_SCHEDULE_ONE_CYCLE] = "one-cycle",   [NNT_SCHEDULE_PLATEAU] = "plateau"};

const char *nnt_schedule_name(nnt_schedule_kind value) {
  return value < NNT_SCHEDULE_COUNT ? schedules[value] : NULL;
}

nnt_status nnt_schedule_parse(const char *name, nnt_schedule_kind *out, nnt_error *error) {
  int value = 0;
  nnt_status status = nnt_name_find("schedule", schedules, NNT_SCHEDULE_COUNT, name, &value, error);
  *out = (nnt_schedule_kind)value;
  return status;
}

void nnt_schedule_settings_default(nnt_schedule_settings *out) {
  *out = (nnt_schedule_settings){.factor = 0.1, .power = 1.0, .patience = 10, .threshold = 1e-4};
}
