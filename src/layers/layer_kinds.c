/* The kinds of layers, and the units of a model. */
#include <math.h>
#include <stddef.h>

#include "layers/layer_kind.h"
#include "layers/unit.h"

#define KIND(NAME, name, kind) [NNT_NORM_##NAME] = &nnt_##kind##_kind,
static const nnt_layer_kind *const norms[] = {[NNT_NORM_NONE] = NULL, NNT_NORMS(KIND)};

const nnt_layer_kind *nnt_norm_kind(nnt_norm norm) {
  return norms[norm];
}

/* Fractions are multiples of 1 / 65536 (kernels/noise.h). */
static bool drops(double fraction) {
  return round(fraction * 65536.0) > 0.0;
}

static int add(nnt_unit *units, int count, const nnt_layer_kind *kind, int layer, int source,
               const nnt_layer *shape) {
  units[count] = (nnt_unit){.kind = kind,
                            .layer = layer,
                            .source = source,
                            .outputs = shape->outputs,
                            .activation = NNT_IDENTITY,
                            .frozen = shape->frozen};
  return count + 1;
}

/* The units of one layer, the `count`-th and following; returns how many there are then. *last: the
 * one whose output is the layer's. */
static int add_layer(const nnt_layer *shape, int layer, nnt_unit *units, int count, int *last) {
  count = add(units, count, &nnt_dense_kind, layer, *last, shape);
  if (norms[shape->norm] != NULL)
    count = add(units, count, norms[shape->norm], layer, count - 1, shape);
  *last = count - 1;
  units[*last].activation = shape->activation;
  if (drops(shape->dropout)) {
    count = add(units, count, &nnt_dropout_kind, layer, *last, shape);
    units[count - 1].amount = shape->dropout;
    units[*last].followers = 1;
  }
  return count;
}

/* The units, and their parameters in a layout; returns the number of units. */
static int build(const nnt_model *model, nnt_unit *units, nnt_layout *layout) {
  int count = 0, last = NNT_SAMPLES;
  bool reached = false;
  for (int l = 0; l < model->layer_count; ++l) {
    int first = count;
    reached = reached || !model->layers[l].frozen;
    count = add_layer(&model->layers[l], l, units, count, &last);
    for (int u = first; u < count; ++u) {
      units[u].tensor = layout->tensor_count;
      units[u].reached = reached;
      if (units[u].kind->parameters != NULL) units[u].kind->parameters(layout, l);
    }
  }
  return count;
}

int nnt_units_of(const nnt_model *model, nnt_unit *units) {
  nnt_layout layout = nnt_layout_begin(model);
  return build(model, units, &layout);
}

nnt_layout nnt_layout_of(const nnt_model *model) {
  nnt_layout layout = nnt_layout_begin(model);
  nnt_unit units[NNT_MAX_UNITS];
  (void)build(model, units, &layout);
  nnt_layout_end(&layout);
  return layout;
}

int64_t nnt_model_parameters(const nnt_model *model) {
  nnt_layout layout = nnt_layout_of(model);
  return nnt_layout_parameters(&layout);
}
