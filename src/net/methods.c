/* Names and defaults of the methods. */
#include <nntrain/methods.h>

#include "net/names.h"

static const char *const optimizers[] = {
    [NNT_SGD] = "sgd",         [NNT_ADAM] = "adam",       [NNT_ADAMW] = "adamw",
    [NNT_RMSPROP] = "rmsprop", [NNT_ADAGRAD] = "adagrad", [NNT_LARS] = "lars",
    [NNT_LAMB] = "lamb"};

static const char *const schedules[] = {
    [NNT_SCHEDULE_CONSTANT] = "constant",     [NNT_SCHEDULE_STEP] = "step",
    [NNT_SCHEDULE_MULTI_STEP] = "multi-step", [NNT_SCHEDULE_EXPONENTIAL] = "exponential",
    [NNT_SCHEDULE_POLYNOMIAL] = "polynomial", [NNT_SCHEDULE_COSINE] = "cosine",
    [NNT_SCHEDULE_ONE_CYCLE] = "one-cycle",   [NNT_SCHEDULE_PLATEAU] = "plateau"};

const char *nnt_optimizer_name(nnt_optimizer_kind value) {
  return value < NNT_OPTIMIZER_COUNT ? optimizers[value] : NULL;
}

nnt_status nnt_optimizer_parse(const char *name, nnt_optimizer_kind *out, nnt_error *error) {
  int value = 0;
  nnt_status status =
      nnt_name_find("optimizer", optimizers, NNT_OPTIMIZER_COUNT, name, &value, error);
  *out = (nnt_optimizer_kind)value;
  return status;
}

void nnt_optimizer_settings_default(nnt_optimizer_kind kind, nnt_optimizer_settings *out) {
  *out = (nnt_optimizer_settings){.kind = kind,
                                  .learning_rate = 0.001,
                                  .beta1 = 0.9,
                                  .beta2 = 0.999,
                                  .alpha = 0.99,
                                  .epsilon = 1e-8,
                                  .trust = 0.001};
  if (kind == NNT_SGD || kind == NNT_LARS) {
    out->learning_rate = 0.1;
    out->momentum = 0.9;
  }
  if (kind == NNT_RMSPROP || kind == NNT_ADAGRAD) out->learning_rate = 0.01;
  if (kind == NNT_ADAGRAD) out->epsilon = 1e-10;
  if (kind == NNT_ADAMW) out->weight_decay = 0.01;
  if (kind == NNT_LAMB) out->epsilon = 1e-6;
}

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
