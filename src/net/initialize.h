/* Initial weights. */
#ifndef NNT_NET_INITIALIZE_H
#define NNT_NET_INITIALIZE_H

#include "net/layout.h"

/* Fills all weights and biases of `arena` (padding zero): a function of the seed and of the place
 * in the network, never of rank or thread. Formulas: nntrain/model.h. */
void nnt_initialize(const nnt_layout *layout, nnt_initializer initializer, uint64_t seed,
                    float *arena);

#endif
