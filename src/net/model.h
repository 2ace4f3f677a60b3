/* The description of a network: what a checkpoint's /model holds, without the weights. */
#ifndef NNT_NET_MODEL_H
#define NNT_NET_MODEL_H

#include <nntrain/model.h>
#include <stdbool.h>

/* What the samples' targets are, as the loss needs them. */
typedef enum nnt_target_kind {
  NNT_TARGET_CLASS, /* one class index a sample */
  NNT_TARGET_VALUES /* K floats a sample */
} nnt_target_kind;

typedef struct nnt_layer {
  int64_t inputs;
  int64_t outputs;
  /* Of the logits' layer too: identity but with the quadratic loss, whose output activation is
   * part of the network; softmax and sigmoid belong to their losses. */
  nnt_activation activation;
  nnt_norm norm;  /* before the activation */
  double dropout; /* of the outputs, in training */
  bool frozen;    /* keeps its parameters in training */
} nnt_layer;

/* Of the training samples; all 0: none. */
typedef struct nnt_augmentation {
  int64_t height, width;
  int64_t shift;
  bool flip;
  double erase;
  double noise;
  double mixup; /* alpha; whatever the samples are */
} nnt_augmentation;

typedef struct nnt_model {
  int layer_count;
  nnt_layer layers[NNT_MAX_LAYERS];
  nnt_loss loss;
  double input_dropout, label_smoothing; /* in training */
  nnt_augmentation augmentation;
  nnt_target_kind target;
  nnt_normalization normalization;
  float *shift; /* [inputs padded to whole panels], owned: x' = (x - shift) * scale */
  float *scale;
  char **class_names; /* owned, one allocation; NULL when unnamed */
  int64_t class_name_count;
} nnt_model;

/* Sets the layers: `hidden_count` hidden layers with one activation for all or one each. Errors:
 * NNT_BAD_USAGE, NNT_BAD_INPUT. */
nnt_status nnt_model_set_layers(nnt_model *model, int64_t inputs, int hidden_count,
                                const int64_t *hidden, int activation_count,
                                const nnt_activation *activations, int64_t outputs,
                                nnt_error *error) NNT_MUST_CHECK;
/* Allocates shift (0) and scale (1). */
nnt_status nnt_model_allocate_normalization(nnt_model *model, nnt_error *error) NNT_MUST_CHECK;
/* Frees what is owned; a model that is all zero is accepted. */
void nnt_model_clear(nnt_model *model);

int64_t nnt_model_inputs(const nnt_model *model);
int64_t nnt_model_outputs(const nnt_model *model);
/* Whether predictions are classes: cross-entropy, or quadratic with class targets, or binary
 * cross-entropy. */
bool nnt_model_classifies(const nnt_model *model);
/* "784-512-512-10"; cut to `size`. */
void nnt_model_shape_text(const nnt_model *model, char *text, size_t size);

#endif
