/* The options of `nntrain train` as the library takes them. */
#include "cli/train_settings.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cli/data_options.h"
#include "cli/keep_options.h"
#include "cli/method_options.h"

static nnt_status take_layers(const options *parsed, nnt_train_options *train, nnt_error *error) {
  char **words = NULL;
  int64_t count = 0;
  nnt_status status = options_words(parsed, "hidden", NNT_MAX_LAYERS - 1, &words, &count, error);
  train->hidden_count = (int)count;
  for (int64_t i = 0; i < count && status == NNT_OK; ++i) {
    bool good = parse_int(words[i], &train->hidden[i]);
    if (!good || train->hidden[i] < 1 || train->hidden[i] > NNT_MAX_WIDTH)
      status = nnt_fail(error, NNT_BAD_USAGE,
                        "not a layer size\n--hidden %s: '%s'\ngive whole numbers from 1 to "
                        "%" PRId64 ", such as --hidden 512,512",
                        options_text(parsed, "hidden"), words[i], NNT_MAX_WIDTH);
  }
  free(words);
  return status;
}

static nnt_status take_frozen(const options *parsed, nnt_train_options *train, nnt_error *error) {
  char **words = NULL;
  int64_t count = 0;
  nnt_status status = options_words(parsed, "freeze", NNT_MAX_LAYERS, &words, &count, error);
  train->freeze_count = (int)count;
  for (int64_t i = 0; i < count && status == NNT_OK; ++i) {
    if (!parse_int(words[i], &train->freeze[i]) || train->freeze[i] < 0)
      status = nnt_fail(error, NNT_BAD_USAGE,
                        "not a layer number\n--freeze %s: '%s'\ngive whole numbers from 0, "
                        "such as --freeze 0,1",
                        options_text(parsed, "freeze"), words[i]);
  }
  free(words);
  return status;
}

static nnt_status take_activations(const options *parsed, nnt_train_options *train,
                                   nnt_error *error) {
  char **words = NULL;
  int64_t count = 0;
  nnt_status status =
      options_words(parsed, "activation", NNT_MAX_LAYERS - 1, &words, &count, error);
  train->activation_count = (int)count;
  for (int64_t i = 0; i < count && status == NNT_OK; ++i)
    status = nnt_activation_parse(words[i], &train->activations[i], error);
  if (status == NNT_OK && count > 1 && count != train->hidden_count)
    status = nnt_fail(error, NNT_BAD_USAGE,
                      "activations do not match the hidden layers\n--activation %s, %d hidden "
                      "layers\ngive one activation for all layers, or one per layer",
                      options_text(parsed, "activation"), train->hidden_count);
  free(words);
  return status;
}

static nnt_status take_names(const options *parsed, nnt_train_options *train, nnt_error *error) {
  static const char *const allreduces[] = {
      [NNT_ALLREDUCE_AUTO] = "auto", [NNT_ALLREDUCE_FLAT] = "flat", NULL};
  int allreduce = NNT_ALLREDUCE_AUTO;
  nnt_status status = nnt_loss_parse(options_text(parsed, "loss"), &train->loss, error);
  if (status == NNT_OK)
    status = nnt_initializer_parse(options_text(parsed, "init"), &train->initializer, error);
  if (status == NNT_OK)
    status =
        nnt_normalization_parse(options_text(parsed, "normalize"), &train->normalization, error);
  if (status == NNT_OK) status = options_choice(parsed, "allreduce", allreduces, &allreduce, error);
  train->allreduce = (nnt_allreduce)allreduce;
  if (status == NNT_OK)
    status = nnt_reduction_parse(options_text(parsed, "reduction"), &train->reduction, error);
  return status;
}

static nnt_status take_numbers(const options *parsed, nnt_train_options *train, nnt_error *error) {
  int64_t seed = 0, top_k = 0;
  nnt_status status = options_int(parsed, "batch-size", 1, INT32_MAX, &train->batch_size, error);
  if (status == NNT_OK) status = options_int(parsed, "epochs", 1, 10000000, &train->epochs, error);
  if (status == NNT_OK) status = options_int(parsed, "seed", 0, INT64_MAX, &seed, error);
  if (status == NNT_OK) status = take_threads(parsed, &train->threads, error);
  if (status == NNT_OK && options_given(parsed, "granules"))
    status = options_int(parsed, "granules", 1, train->batch_size, &train->granules, error);
  if (status == NNT_OK)
    status = options_int(parsed, "accumulate", 1, train->batch_size, &train->accumulate, error);
  if (status == NNT_OK) status = options_int(parsed, "top-k", 0, 1000000, &top_k, error);
  if (status == NNT_OK) status = take_keeping(parsed, train, error);
  if (status == NNT_OK)
    status = options_int(parsed, "check-every", 0, INT64_MAX, &train->check_every, error);
  if (status == NNT_OK)
    status = options_int(parsed, "patience", 0, 10000000, &train->patience, error);
  if (status == NNT_OK)
    status = options_real(parsed, "min-delta", 0.0, 1e30, &train->min_delta, error);
  train->seed = (uint64_t)seed;
  train->top_k = (int)top_k;
  return status;
}

static nnt_status take_flags(const options *parsed, bool with_output, nnt_train_options *train,
                             nnt_error *error) {
  const char *needed = NULL;
  nnt_status status = options_required(parsed, "data", &needed, error);
  train->resume = options_flag(parsed, "resume");
  train->tensorboard = options_flag(parsed, "tensorboard");
  train->dry_run = options_flag(parsed, "dry-run");
  train->output = options_text(parsed, "output");
  train->x_name = options_text(parsed, "x-name");
  train->y_name = options_text(parsed, "y-name");
  train->init_from = options_text(parsed, "init-from");
  if (status == NNT_OK && with_output && !train->dry_run)
    status = options_required(parsed, "output", &needed, error);
  return status;
}

nnt_status train_settings_take(const options *parsed, bool with_output, nnt_train_options *train,
                               nnt_error *error) {
  nnt_train_options_default(train);
  nnt_status status = take_layers(parsed, train, error);
  if (status == NNT_OK) status = take_activations(parsed, train, error);
  if (status == NNT_OK) status = take_frozen(parsed, train, error);
  if (status == NNT_OK) status = take_names(parsed, train, error);
  if (status == NNT_OK) status = take_optimizer(parsed, &train->optimizer, error);
  if (status == NNT_OK) status = take_schedule(parsed, &train->schedule, error);
  if (status == NNT_OK) status = take_regularization(parsed, train, error);
  if (status == NNT_OK) status = take_numbers(parsed, train, error);
  if (status == NNT_OK) status = take_flags(parsed, with_output, train, error);
  if (status == NNT_OK) status = take_reading(parsed, &train->reading, error);
  if (status == NNT_OK) status = take_shuffling(parsed, &train->shuffling, error);
  train->data = (nnt_data_place){.path = options_text(parsed, "data")};
  train->validation = (nnt_data_place){.path = options_text(parsed, "validation")};
  train->weighting = (nnt_weighting){.name = options_text(parsed, "weight-name"),
                                     .of_classes = options_text(parsed, "class-weight")};
  if (status == NNT_OK) status = take_selection(parsed, false, &train->selection, error);
  if (status == NNT_OK && train->validation.path != NULL &&
      (train->selection.split > 0.0 || train->selection.folds > 0))
    status = nnt_fail(error, NNT_BAD_USAGE,
                      "conflicting options\n--validation with --%s, which takes the "
                      "validation set from --data\nuse one of them",
                      train->selection.folds > 0 ? "fold" : "split");
  return status;
}
