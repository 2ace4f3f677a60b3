/* Starting from the weights of another run (transfer learning). */
#include "train/warm_start.h"

#include <inttypes.h>
#include <string.h>

#include "layers/layer_kind.h"

static bool same_layer(const nnt_layer *a, const nnt_layer *b) {
  return a->inputs == b->inputs && a->outputs == b->outputs && a->norm == b->norm &&
         a->activation == b->activation;
}

nnt_status nnt_warm_start_check(const char *name, const nnt_checkpoint *from,
                                const nnt_model *model, nnt_error *error) {
  char there[128], here[128];
  bool same = from->model.layer_count == model->layer_count &&
              nnt_model_inputs(&from->model) == nnt_model_inputs(model);
  for (int l = 0; l + 1 < model->layer_count && same; ++l)
    same = same_layer(&from->model.layers[l], &model->layers[l]);
  if (same) return NNT_OK;
  nnt_model_shape_text(&from->model, there, sizeof there);
  nnt_model_shape_text(model, here, sizeof here);
  return nnt_fail(error, NNT_BAD_USAGE,
                  "the hidden layers differ from those of the checkpoint\n--init-from %.150s: %s, "
                  "the options: %s (or other activations or --norm)\n"
                  "use its --hidden, --activation and --norm",
                  name, there, here);
}

void nnt_warm_start_copy(const nnt_checkpoint *from, const nnt_layout *layout, float *parameters) {
  nnt_layout source = nnt_layout_of(&from->model);
  for (int i = 0; i < layout->tensor_count; ++i) {
    const nnt_tensor *to = &layout->tensors[i];
    if (!same_layer(&source.layers[to->layer], &layout->layers[to->layer])) continue;
    const nnt_tensor *tensor = nnt_layout_tensor(&source, to->layer, to->name);
    memcpy(parameters + to->offset, from->parameters + tensor->offset,
           (size_t)to->floats * sizeof *parameters);
  }
}

nnt_status nnt_freeze(int count, const int64_t *layers, nnt_model *model, nnt_error *error) {
  int frozen = 0;
  for (int l = 0; l < model->layer_count; ++l) model->layers[l].frozen = false;
  for (int i = 0; i < count; ++i) {
    if (layers[i] < 0 || layers[i] >= model->layer_count)
      return nnt_fail(error, NNT_BAD_USAGE,
                      "no such layer\n--freeze %" PRId64
                      "\nthe layers are 0 to %d, the last is the output layer",
                      layers[i], model->layer_count - 1);
    frozen += !model->layers[layers[i]].frozen;
    model->layers[layers[i]].frozen = true;
  }
  if (frozen < model->layer_count) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "nothing is left to train\n--freeze with all %d layers\nomit one",
                  model->layer_count);
}
