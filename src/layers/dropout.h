/* Which elements a step drops. */
#ifndef NNT_LAYERS_DROPOUT_H
#define NNT_LAYERS_DROPOUT_H

#include "layers/network.h"

/* Of the outputs of layer `layer` - 1, of the inputs with layer 0. */
nnt_dropout nnt_dropout_of(const nnt_network_step_call *call, int layer, double fraction);

#endif
