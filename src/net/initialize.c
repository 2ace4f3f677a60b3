/* Initial weights. */
#include "net/initialize.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "net/activation_table.h"

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
      return distribution_of(nnt_activation_row_of(layer->activation)->initializer, layer);
  }
}

static float draw(distribution from, uint64_t seed, uint32_t stream, uint64_t index) {
  if (from.normal)
    return from.spread * nnt_rng_normal(seed, NNT_RNG_INITIAL_WEIGHTS, stream, index);
  float uniform = nnt_rng_uniform(seed, NNT_RNG_INITIAL_WEIGHTS, stream, index);
  return from.spread * (2.0F * uniform - 1.0F);
}

static void fill(const nnt_tensor *tensor, const nnt_layer *layer, nnt_initializer initializer,
                 uint64_t seed, float *arena) {
  const uint32_t weight_stream = 2 * (uint32_t)tensor->layer, bias_stream = weight_stream + 1;
  float *values = arena + tensor->offset;
  distribution from = distribution_of(initializer, layer);
  switch (tensor->start) {
    case NNT_START_WEIGHT: {
      nnt_panels weights = nnt_tensor_panels(tensor, arena);
      for (int64_t o = 0; o < tensor->outputs; ++o) {
        for (int64_t i = 0; i < tensor->inputs; ++i)
          *nnt_panels_at(&weights, i, o) =
              draw(from, seed, weight_stream, (uint64_t)(o * tensor->inputs + i));
      }
      break;
    }
    case NNT_START_BIAS:
      for (int64_t o = 0; o < tensor->outputs && initializer == NNT_INIT_FAN_IN; ++o)
        values[o] = draw((distribution){true, 1.0F}, seed, bias_stream, (uint64_t)o);
      break;
    case NNT_START_ONE:
      for (int64_t o = 0; o < tensor->outputs; ++o) values[o] = 1.0F;
      break;
    case NNT_START_ZERO:
      break;
  }
}

void nnt_initialize(const nnt_layout *layout, nnt_initializer initializer, uint64_t seed,
                    float *arena) {
  memset(arena, 0, (size_t)layout->floats * sizeof *arena);
  for (int i = 0; i < layout->tensor_count; ++i) {
    const nnt_tensor *tensor = &layout->tensors[i];
    fill(tensor, &layout->layers[tensor->layer], initializer, seed, arena);
  }
}
