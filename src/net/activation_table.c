/* What the rest of the program knows of an activation. */
#include "net/activation_table.h"

#include "net/names.h"

enum { OUTPUT, DERIVATIVE }; /* what is stored */

#define ROW(NAME, text, value, derivative, stored, initialiser, onnx_steps, pytorch_class) \
  [NNT_##NAME] = {.name = (text),                                                          \
                  .stores_derivative = (stored) == DERIVATIVE,                             \
                  .initializer = NNT_INIT_##initialiser,                                   \
                  .onnx = (onnx_steps),                                                    \
                  .pytorch = (pytorch_class)},
static const nnt_activation_row rows[] = {NNT_ACTIVATIONS(ROW)};

#define NAME_OF(NAME, text, ...) [NNT_##NAME] = (text),
static const char *const names[] = {NNT_ACTIVATIONS(NAME_OF)};

const nnt_activation_row *nnt_activation_row_of(nnt_activation activation) {
  return &rows[activation];
}

const char *nnt_activation_name(nnt_activation value) {
  return value < NNT_ACTIVATION_COUNT ? names[value] : NULL;
}

nnt_status nnt_activation_parse(const char *name, nnt_activation *out, nnt_error *error) {
  int value = 0;
  nnt_status status = nnt_name_find("activation", names, NNT_ACTIVATION_COUNT, name, &value, error);
  *out = (nnt_activation)value;
  return status;
}
