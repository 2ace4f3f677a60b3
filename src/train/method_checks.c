/* Validation of method settings, alone and against a checkpoint. */
#include "train/method_checks.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "layers/layer_kind.h"
#include "net/augment.h"
#include "step/step.h"

static bool is_non_negative(double value) {
  return isfinite(value) && value >= 0.0;
}

static bool is_fraction(double value) {
  return value >= 0.0 && value < 1.0;
}

static const char *optimizer_wrong(const nnt_optimizer_settings *settings) {
  if ((int)settings->kind < 0 || settings->kind >= NNT_OPTIMIZER_COUNT)
    return "optimizer.kind is unknown";
  if (!is_non_negative(settings->learning_rate)) return "learning_rate is negative or not finite";
  if (!is_fraction(settings->momentum)) return "momentum is not in [0, 1)";
  if (!is_non_negative(settings->weight_decay)) return "weight_decay is negative or not finite";
  if (settings->nesterov && !(settings->momentum > 0.0)) return "nesterov needs a momentum above 0";
  if (!is_fraction(settings->beta1) || !is_fraction(settings->beta2) ||
      !is_fraction(settings->alpha))
    return "beta1, beta2 or alpha is not in [0, 1)";
  if ((nnt_optimizer_takes(settings->kind) & NNT_TAKES_EPSILON) != 0 &&
      !(isfinite(settings->epsilon) && settings->epsilon > 0.0))
    return "epsilon is not positive and finite";
  if (!is_non_negative(settings->trust)) return "trust is negative or not finite";
  if (!is_non_negative(settings->clip_norm) || !is_non_negative(settings->clip_value) ||
      !is_non_negative(settings->l1) || !is_non_negative(settings->max_norm))
    return "clip_norm, clip_value, l1 or max_norm is negative or not finite";
  return NULL;
}

static const char *schedule_wrong(const nnt_schedule_settings *settings) {
  if ((int)settings->kind < 0 || settings->kind >= NNT_SCHEDULE_COUNT)
    return "schedule.kind is unknown";
  if (settings->warmup.count < 0 || settings->epochs < 0 || settings->base_batch < 0 ||
      settings->patience < 0)
    return "schedule.warmup, epochs, base_batch or patience is negative";
  if (settings->kind == NNT_SCHEDULE_STEP && settings->every.count < 1)
    return "schedule.every is below 1";
  if (settings->kind == NNT_SCHEDULE_ONE_CYCLE && settings->warmup.count > 0)
    return "one-cycle has its own warm-up";
  if (settings->milestone_count < 0 || settings->milestone_count > NNT_MILESTONES)
    return "schedule.milestone_count is out of range";
  for (int i = 1; i < settings->milestone_count; ++i) {
    if (settings->milestones[i] <= settings->milestones[i - 1])
      return "schedule.milestones are not ascending";
  }
  if (!is_non_negative(settings->factor) || !is_non_negative(settings->power) ||
      !is_non_negative(settings->end) || !is_fraction(settings->threshold))
    return "schedule.factor, power, end or threshold is out of range";
  return NULL;
}

static const char *regularization_wrong(const nnt_train_options *options) {
  const nnt_regularization *settings = &options->regularization;
  int count = settings->dropout_count;
  if (count != 0 && (options->hidden_count == 0 || (count != 1 && count != options->hidden_count)))
    return "dropout_count is not 0, 1 or the number of hidden layers";
  for (int i = 0; i < count; ++i) {
    if (!is_fraction(settings->dropout[i])) return "dropout is not in [0, 1)";
  }
  if (!is_fraction(settings->input_dropout)) return "input_dropout is not in [0, 1)";
  if (!is_fraction(settings->label_smoothing)) return "label_smoothing is not in [0, 1)";
  if (settings->shift < 0 || !is_fraction(settings->erase) || !is_non_negative(settings->noise))
    return "shift, erase or noise is out of range";
  if (settings->mixup != 0.0 && !(settings->mixup >= 0.01 && isfinite(settings->mixup)))
    return "mixup is neither 0 nor at least 0.01";
  if (settings->label_smoothing > 0.0 && options->loss != NNT_CROSS_ENTROPY)
    return "label_smoothing is for cross-entropy";
  return NULL;
}

nnt_status nnt_check_accumulate(const nnt_train_options *options, nnt_error *error) {
  int64_t granules = nnt_granules_of(options);
  const nnt_layer_kind *norm = nnt_norm_kind(options->regularization.norm);
  if (options->accumulate > 1 && norm != NULL && norm->gathered != NULL)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "options that contradict each other\n--accumulate %" PRId64
                    " with --norm %s, which needs the whole batch at once\nomit one of them, or "
                    "use --norm layer",
                    options->accumulate, nnt_norm_name(options->regularization.norm));
  if (options->accumulate == 1 || options->accumulate <= granules) return NNT_OK;
  if (granules == 0)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "options that contradict each other\n--accumulate %" PRId64
                    " with --reduction fast\nuse --reduction exact",
                    options->accumulate);
  return nnt_fail(error, NNT_BAD_USAGE,
                  "more accumulation steps than granules in a batch\n--accumulate %" PRId64
                  ", %" PRId64 " granules\ngive at most that many, or raise --granules",
                  options->accumulate, granules);
}

void nnt_regularize(const nnt_regularization *settings, nnt_model *model) {
  for (int l = 0; l + 1 < model->layer_count && settings->dropout_count > 0; ++l)
    model->layers[l].dropout = settings->dropout[settings->dropout_count == 1 ? 0 : l];
  for (int l = 0; l + 1 < model->layer_count; ++l) model->layers[l].norm = settings->norm;
  model->input_dropout = settings->input_dropout;
  model->label_smoothing = settings->label_smoothing;
  model->augmentation.shift = settings->shift;
  model->augmentation.flip = settings->flip;
  model->augmentation.erase = settings->erase;
  model->augmentation.noise = settings->noise;
  model->augmentation.mixup = settings->mixup;
}

nnt_status nnt_check_images(const nnt_model *model, const char *name, nnt_error *error) {
  const nnt_augmentation *augmentation = &model->augmentation;
  if (!nnt_augments(augmentation)) return NNT_OK;
  if (augmentation->height == 0)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "the samples are not images\n%s, with --shift, --flip or --erase\nstore x with "
                    "the shape [samples, height, width], or omit these options",
                    name);
  if (augmentation->shift < augmentation->height && augmentation->shift < augmentation->width)
    return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "the shift exceeds the image\n--shift %" PRId64 ", images of %" PRId64
                  " x %" PRId64 "\nshift by fewer pixels",
                  augmentation->shift, augmentation->height, augmentation->width);
}

const char *nnt_methods_wrong(const nnt_train_options *options) {
  const char *wrong = optimizer_wrong(&options->optimizer);
  if (wrong == NULL) wrong = schedule_wrong(&options->schedule);
  if (wrong == NULL) wrong = regularization_wrong(options);
  if (options->patience < 0) wrong = "patience is negative";
  if (!is_non_negative(options->min_delta)) wrong = "min_delta is negative or not finite";
  return wrong;
}

nnt_status nnt_check_optimizer(const nnt_checkpoint *checkpoint, const nnt_train_options *options,
                               nnt_error *error) {
  const nnt_optimizer_settings *there = &checkpoint->optimizer, *here = &options->optimizer;
  if (there->kind == here->kind) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "the checkpoint belongs to another optimizer\n%s: %s, --optimizer %s\nuse the "
                  "options of that run, or another --output",
                  options->output, nnt_optimizer_name(there->kind), nnt_optimizer_name(here->kind));
}
