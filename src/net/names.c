/* Names of the choices, as the command line and files use them. */
#include <nntrain/model.h>
#include <stdio.h>
#include <string.h>

#include "net/names.h"

static const char *const losses[] = {[NNT_CROSS_ENTROPY] = "cross-entropy",
                                     [NNT_BINARY_CROSS_ENTROPY] = "binary-cross-entropy",
                                     [NNT_MSE] = "mse",
                                     [NNT_QUADRATIC] = "quadratic",
                                     [NNT_HUBER] = "huber",
                                     [NNT_MAE] = "mae",
                                     [NNT_POISSON] = "poisson",
                                     [NNT_HINGE] = "hinge"};
static const char *const initializers[] = {[NNT_INIT_DEFAULT] = "default",
                                           [NNT_INIT_XAVIER_UNIFORM] = "xavier-uniform",
                                           [NNT_INIT_XAVIER_NORMAL] = "xavier-normal",
                                           [NNT_INIT_HE_UNIFORM] = "he-uniform",
                                           [NNT_INIT_HE_NORMAL] = "he-normal",
                                           [NNT_INIT_LECUN_NORMAL] = "lecun-normal",
                                           [NNT_INIT_FAN_IN] = "fan-in"};
static const char *const normalizations[] = {[NNT_NORMALIZE_AUTO] = "auto",
                                             [NNT_NORMALIZE_NONE] = "none",
                                             [NNT_NORMALIZE_RANGE] = "range",
                                             [NNT_NORMALIZE_STANDARDIZE] = "standardize"};

#define NAME_OF(NAME, text, kind) [NNT_NORM_##NAME] = (text),
static const char *const norms[] = {[NNT_NORM_NONE] = "none", NNT_NORMS(NAME_OF)};

nnt_status nnt_name_find(const char *kind, const char *const *names, int count, const char *name,
                         int *out, nnt_error *error) {
  char list[160] = "";
  for (int i = 0; i < count; ++i) {
    if (strcmp(names[i], name) == 0) {
      *out = i;
      return NNT_OK;
    }
    if (i > 0) strncat(list, ", ", sizeof list - strlen(list) - 1);
    strncat(list, names[i], sizeof list - strlen(list) - 1);
  }
  return nnt_fail(error, NNT_BAD_USAGE, "unknown %s\n%s\nchoose one of: %s", kind, name, list);
}

const char *nnt_loss_name(nnt_loss value) {
  return value < NNT_LOSS_COUNT ? losses[value] : NULL;
}

const char *nnt_initializer_name(nnt_initializer value) {
  return value < NNT_INITIALIZER_COUNT ? initializers[value] : NULL;
}

const char *nnt_norm_name(nnt_norm value) {
  return value < NNT_NORM_COUNT ? norms[value] : NULL;
}

const char *nnt_normalization_name(nnt_normalization value) {
  return value < NNT_NORMALIZATION_COUNT ? normalizations[value] : NULL;
}

nnt_status nnt_loss_parse(const char *name, nnt_loss *out, nnt_error *error) {
  int value = 0;
  nnt_status status = nnt_name_find("loss", losses, NNT_LOSS_COUNT, name, &value, error);
  *out = (nnt_loss)value;
  return status;
}

nnt_status nnt_initializer_parse(const char *name, nnt_initializer *out, nnt_error *error) {
  int value = 0;
  nnt_status status =
      nnt_name_find("initialiser", initializers, NNT_INITIALIZER_COUNT, name, &value, error);
  *out = (nnt_initializer)value;
  return status;
}

nnt_status nnt_normalization_parse(const char *name, nnt_normalization *out, nnt_error *error) {
  int value = 0;
  nnt_status status =
      nnt_name_find("normalisation", normalizations, NNT_NORMALIZATION_COUNT, name, &value, error);
  *out = (nnt_normalization)value;
  return status;
}

nnt_status nnt_norm_parse(const char *name, nnt_norm *out, nnt_error *error) {
  int value = 0;
  nnt_status status = nnt_name_find("norm", norms, NNT_NORM_COUNT, name, &value, error);
  *out = (nnt_norm)value;
  return status;
}
