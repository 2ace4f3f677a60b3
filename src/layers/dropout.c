/* Dropout of a layer's outputs, in training: kernels/noise.h. */
#include <math.h>
#include <stddef.h>

#include "layers/dropout.h"
#include "layers/network_state.h"

nnt_dropout nnt_dropout_of(const nnt_network_step_call *call, int layer, double fraction) {
  double threshold = fmin(round(fraction * 65536.0), 65535.0);
  return (nnt_dropout){.seed = call->seed,
                       .layer = (uint32_t)layer,
                       .update = (uint32_t)call->update,
                       .threshold = (float)threshold,
                       .scale = (float)(65536.0 / (65536.0 - threshold))};
}

static void finish(const nnt_pass *p, const nnt_unit *unit, const nnt_unit *host, float *values,
                   float *derivatives, int64_t count) {
  nnt_dropout dropout = nnt_dropout_of(p->call, unit->layer + 1, unit->amount);
  int64_t offset = values - host->values.data, stride = host->values.stride;
  int64_t row = offset % stride / NNT_PANEL;
  p->kernels->noise->dropout(&dropout, p->call->position + row, offset / stride, count / NNT_PANEL,
                             values, derivatives);
}

const nnt_layer_kind nnt_dropout_kind = {.finish = finish, .training_only = true, .onnx = ""};
