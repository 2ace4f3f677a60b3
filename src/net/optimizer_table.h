/* What the rest of the program knows of an optimiser: its row of nntrain/optimizers.h. */
#ifndef NNT_NET_OPTIMIZER_TABLE_H
#define NNT_NET_OPTIMIZER_TABLE_H

#include <nntrain/methods.h>

/* Arrays of state, at most. */
#define NNT_OPTIMIZER_SLOTS 2

/* What is scaled by layers, by the ratio of norms. */
typedef enum nnt_layerwise {
  NNT_LAYERWISE_NONE,
  NNT_LAYERWISE_GRADIENT, /* the gradient */
  NNT_LAYERWISE_DIRECTION /* what the direction's kernel makes of it */
} nnt_layerwise;

typedef struct nnt_optimizer_row {
  const char *name;
  nnt_layerwise layerwise;
  double learning_rate, momentum, weight_decay, epsilon; /* defaults */
  const char *state[NNT_OPTIMIZER_SLOTS];
  unsigned takes;
} nnt_optimizer_row;

const nnt_optimizer_row *nnt_optimizer_row_of(nnt_optimizer_kind kind);

/* Arrays of state that a method needs with these settings, and what files call them; NULL beyond
 * the last. */
int nnt_optimizer_slots(const nnt_optimizer_settings *settings);
const char *nnt_optimizer_slot_name(const nnt_optimizer_settings *settings, int slot);

#endif
