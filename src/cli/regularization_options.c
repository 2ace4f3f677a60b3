/* Options against overfitting. */
#include <stdlib.h>

#include "cli/method_options.h"

static nnt_status take_dropout(const options *parsed, const nnt_train_options *train,
                               nnt_regularization *out, nnt_error *error) {
  char **words = NULL;
  int64_t count = 0;
  const char *text = options_text(parsed, "dropout");
  nnt_status status = options_words(parsed, "dropout", NNT_MAX_LAYERS - 1, &words, &count, error);
  out->dropout_count = (int)count;
  for (int64_t i = 0; i < count && status == NNT_OK; ++i) {
    bool good = parse_real(words[i], &out->dropout[i]);
    if (!good || out->dropout[i] < 0.0 || out->dropout[i] > 0.999)
      status = nnt_fail(error, NNT_BAD_USAGE,
                        "not a dropout rate\n--dropout %s: '%s'\ngive numbers from 0 to 0.999, "
                        "such as --dropout 0.5",
                        text, words[i]);
  }
  free(words);
  if (status == NNT_OK && count > 0 && train->hidden_count == 0)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "conflicting options\n--dropout %s without --hidden\ngive "
                    "hidden layers, or --input-dropout",
                    text);
  if (status == NNT_OK && count > 1 && count != train->hidden_count)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "dropout does not match the hidden layers\n--dropout %s, %d hidden layers\n"
                    "give one rate for all layers, or one per layer",
                    text, train->hidden_count);
  return status;
}

static nnt_status take_norm(const options *parsed, const nnt_train_options *train, nnt_norm *out,
                            nnt_error *error) {
  static const char *const flags[] = {"layer-norm", "batch-norm"};
  static const nnt_norm norms[] = {NNT_NORM_LAYER, NNT_NORM_BATCH};
  const char *name = options_text(parsed, "norm"), *flag = NULL;
  nnt_status status = nnt_norm_parse(name, out, error);
  for (int i = 0; i < 2 && status == NNT_OK; ++i) {
    if (!options_flag(parsed, flags[i])) continue;
    if (flag != NULL)
      return nnt_fail(error, NNT_BAD_USAGE, "conflicting options\n--%s with --%s\ngive one of them",
                      flag, flags[i]);
    if (options_given(parsed, "norm") && *out != norms[i])
      return nnt_fail(error, NNT_BAD_USAGE,
                      "conflicting options\n--norm %s with --%s\ngive one of them", name, flags[i]);
    flag = flags[i];
    *out = norms[i];
  }
  if (status != NNT_OK || *out == NNT_NORM_NONE || train->hidden_count > 0) return status;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "conflicting options\n--%s%s without --hidden\ngive hidden layers, or omit it",
                  flag != NULL ? flag : "norm ", flag != NULL ? "" : name);
}

nnt_status take_regularization(const options *parsed, nnt_train_options *train, nnt_error *error) {
  nnt_regularization *out = &train->regularization;
  nnt_status status = take_dropout(parsed, train, out, error);
  if (status == NNT_OK)
    status = options_real(parsed, "input-dropout", 0.0, 0.999, &out->input_dropout, error);
  if (status == NNT_OK)
    status = options_real(parsed, "label-smoothing", 0.0, 0.999, &out->label_smoothing, error);
  if (status == NNT_OK) status = options_int(parsed, "shift", 0, 100000, &out->shift, error);
  if (status == NNT_OK) status = options_real(parsed, "erase", 0.0, 0.999, &out->erase, error);
  if (status == NNT_OK) status = options_real(parsed, "noise", 0.0, 1e6, &out->noise, error);
  if (status == NNT_OK && options_given(parsed, "mixup"))
    status = options_real(parsed, "mixup", 0.01, 1000.0, &out->mixup, error);
  out->flip = options_flag(parsed, "flip");
  if (status == NNT_OK) status = take_norm(parsed, train, &out->norm, error);
  if (status == NNT_OK && out->label_smoothing > 0.0 && train->loss != NNT_CROSS_ENTROPY)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "conflicting options\n--label-smoothing %s with --loss %s\nuse "
                    "--loss cross-entropy, or omit --label-smoothing",
                    options_text(parsed, "label-smoothing"), nnt_loss_name(train->loss));
  return status;
}
