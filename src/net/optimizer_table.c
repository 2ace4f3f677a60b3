/* What the rest of the program knows of an optimiser. */
#include "net/optimizer_table.h"

#include <stddef.h>
#include <string.h>

#include "net/names.h"

#define ROW(NAME, text, apply, direction, by_layer, rate, momentum_default, decay, \
            epsilon_default, first, second, options)                               \
  [NNT_##NAME] = {.name = (text),                                                  \
                  .layerwise = NNT_LAYERWISE_##by_layer,                           \
                  .learning_rate = (rate),                                         \
                  .momentum = (momentum_default),                                  \
                  .weight_decay = (decay),                                         \
                  .epsilon = (epsilon_default),                                    \
                  .state = {first, second},                                        \
                  .takes = (options)},
static const nnt_optimizer_row rows[] = {NNT_OPTIMIZERS(ROW)};

#define NAME_OF(NAME, text, ...) [NNT_##NAME] = (text),
static const char *const names[] = {NNT_OPTIMIZERS(NAME_OF)};

const nnt_optimizer_row *nnt_optimizer_row_of(nnt_optimizer_kind kind) {
  return &rows[kind];
}

const char *nnt_optimizer_name(nnt_optimizer_kind value) {
  return value < NNT_OPTIMIZER_COUNT ? names[value] : NULL;
}

unsigned nnt_optimizer_takes(nnt_optimizer_kind value) {
  return value < NNT_OPTIMIZER_COUNT ? rows[value].takes : NNT_TAKES_NOTHING;
}

nnt_status nnt_optimizer_parse(const char *name, nnt_optimizer_kind *out, nnt_error *error) {
  int value = 0;
  nnt_status status = nnt_name_find("optimizer", names, NNT_OPTIMIZER_COUNT, name, &value, error);
  *out = (nnt_optimizer_kind)value;
  return status;
}

void nnt_optimizer_settings_default(nnt_optimizer_kind kind, nnt_optimizer_settings *out) {
  const nnt_optimizer_row *row = &rows[kind];
  *out = (nnt_optimizer_settings){.kind = kind,
                                  .learning_rate = row->learning_rate,
                                  .momentum = row->momentum,
                                  .weight_decay = row->weight_decay,
                                  .beta1 = 0.9,
                                  .beta2 = 0.999,
                                  .alpha = 0.99,
                                  .epsilon = row->epsilon,
                                  .trust = 0.001};
}

const char *nnt_optimizer_slot_name(const nnt_optimizer_settings *settings, int slot) {
  const nnt_optimizer_row *row = &rows[settings->kind];
  for (int s = 0; s < NNT_OPTIMIZER_SLOTS; ++s) {
    bool used = row->state[s] != NULL &&
                (strcmp(row->state[s], "velocity") != 0 || settings->momentum > 0.0);
    if (used && slot-- == 0) return row->state[s];
  }
  return NULL;
}

int nnt_optimizer_slots(const nnt_optimizer_settings *settings) {
  int slots = 0;
  while (nnt_optimizer_slot_name(settings, slots) != NULL) ++slots;
  return slots;
}
