/* What the rest of the program knows of an activation: its row of nntrain/activations.h. */
#ifndef NNT_NET_ACTIVATION_TABLE_H
#define NNT_NET_ACTIVATION_TABLE_H

#include <nntrain/model.h>
#include <stdbool.h>

typedef struct nnt_activation_row {
  const char *name;
  bool stores_derivative; /* f'(z) is kept from the forward pass; else it follows from the output */
  nnt_initializer initializer;
  const char *onnx;
  const char *pytorch;
} nnt_activation_row;

const nnt_activation_row *nnt_activation_row_of(nnt_activation activation);

#endif
