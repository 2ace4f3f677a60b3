/* Initial weights. */
#include "net/initialize.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

static nnt_initializer suited_to(nnt_activation activation) {
  bool rectifies = activation == NNT_RELU || activation == NNT_LEAKY_RELU ||
                   activation == NNT_GELU || activation == NNT_SILU;
  return rectifies ? NNT_INIT_HE_NORMAL : NNT_INIT_XAVIER_UNIFORM;
}

/* The distribution of one layer's weights. */
typedef struct distribution {
  bool normal;
  float spread; /* standard deviation, or half the width */
} distribution;

static distribution distribution_of(nnt_initializer initializer, const nnt_layer *layer) {
  double inputs = (double)layer->inputs, outputs = (double)layer->outputs;
  switch (initializer) {
    case NNT_INIT_XAVIER_UNIFORM:
      return (distribution){false, (float)sqrt(6.0 / (inputs + outputs))};
    case NNT_INIT_XAVIER_NORMAL:
      return (distribution){true, (float)sqrt(2.0 / (inputs + outputs))};
    case NNT_INIT_HE_UNIFORM:
      return (distribution){false, (float)sqrt(6.0 / inputs)};
    case NNT_INIT_HE_NORMAL:
      return (distribution){true, (float)sqrt(2.0 / inputs)};
    case NNT_INIT_LECUN_NORMAL:
    case NNT_INIT_FAN_IN:
      return (distribution){true, (float)sqrt(1.0 / inputs)};
    case NNT_INIT_DEFAULT:
    case NNT_INITIALIZER_COUNT:
    default:
      return distribution_of(suited_to(layer->activation), layer);
  }
}

static float draw(distribution from, uint64_t seed, uint32_t stream, uint64_t index) {
  if (from.normal)
    return from.spread * nnt_rng_normal(seed, NNT_RNG_INITIAL_WEIGHTS, stream, index);
  float uniform = nnt_rng_uniform(seed, NNT_RNG_INITIAL_WEIGHTS, stream, index);
  return from.spread * (2.0F * uniform - 1.0F);
}

void nnt_initialize(const nnt_layout *layout, nnt_initializer initializer, uint64_t seed,
                    float *arena) {
  memset(arena, 0, (size_t)layout->floats * sizeof *arena);
  for (int l = 0; l < layout->layer_count; ++l) {
    const nnt_layer *layer = &layout->layers[l];
    const uint32_t weight_stream = 2 * (uint32_t)l, bias_stream = weight_stream + 1;
    distribution from = distribution_of(initializer, layer);
    nnt_panels weights = nnt_layout_weights(layout, l, arena);
    for (int64_t o = 0; o < layer->outputs; ++o) {
      for (int64_t i = 0; i < layer->inputs; ++i) {
        uint64_t index = (uint64_t)(o * layer->inputs + i);
        *nnt_panels_at(&weights, i, o) = draw(from, seed, weight_stream, index);
      }
      if (initializer == NNT_INIT_FAN_IN)
        arena[layout->biases[l] + o] =
            draw((distribution){true, 1.0F}, seed, bias_stream, (uint64_t)o);
      if (layer->norm != NNT_NORM_NONE) arena[layout->gains[l] + o] = 1.0F;
      if (layer->norm == NNT_NORM_BATCH) arena[layout->variances[l] + o] = 1.0F;
    }
  }
}
