/* Whether a checkpoint belongs to the run that the options describe. */
#include "train/resume_checks.h"

#include <inttypes.h>
#include <string.h>

#include "data/sample_order.h"
#include "step/step.h"
#include "train/method_checks.h"

/* Whether the shuffle is that of the checkpoint. */
static nnt_status check_shuffling(const nnt_shuffling *there, const nnt_shuffling *here,
                                  const char *output, nnt_error *error) {
  bool same = there->kind == here->kind;
  if (same && there->kind == NNT_SHUFFLE_WINDOWED)
    same = there->block == here->block && there->window == here->window;
  if (same) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "the checkpoint belongs to another shuffle\n%s: %s, blocks of %" PRId64
                  ", windows of %" PRId64 "; the options: %s, %" PRId64 ", %" PRId64
                  "\nomit --shuffle, --shuffle-block and --shuffle-window, or use another --output",
                  output, nnt_shuffle_name(there->kind), there->block, there->window,
                  nnt_shuffle_name(here->kind), here->block, here->window);
}

/* Whether the data set is that of the checkpoint. */
static nnt_status check_data(const char *there, const nnt_run_data *data, const char *output,
                             nnt_error *error) {
  if (there[0] == '\0' || strcmp(there, data->digest) == 0) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "the checkpoint belongs to another data set\n%s: it was trained on other samples "
                  "than those of %s\nuse the data of that run; or another --output, with "
                  "--init-from to start from its weights",
                  output, data->train->name);
}

nnt_status nnt_check_resume(const nnt_checkpoint *checkpoint, const nnt_model *here,
                            const nnt_train_options *options, const nnt_run_data *data,
                            nnt_error *error) {
  const nnt_model *there = &checkpoint->model;
  const nnt_train_state *state = &checkpoint->state;
  char shape_there[128], shape_here[128];
  nnt_model_shape_text(there, shape_there, sizeof shape_there);
  nnt_model_shape_text(here, shape_here, sizeof shape_here);
  bool same = there->layer_count == here->layer_count && there->loss == here->loss &&
              there->target == here->target;
  for (int l = 0; l < here->layer_count && same; ++l)
    same = there->layers[l].inputs == here->layers[l].inputs &&
           there->layers[l].outputs == here->layers[l].outputs &&
           there->layers[l].activation == here->layers[l].activation &&
           there->layers[l].norm == here->layers[l].norm &&
           there->layers[l].frozen == here->layers[l].frozen;
  if (!same)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "the checkpoint belongs to another network\n%s: %s, %s; the options: %s, %s "
                    "(or other activations, another --norm or --freeze)\nuse the "
                    "options of that run, or another --output",
                    options->output, shape_there, nnt_loss_name(there->loss), shape_here,
                    nnt_loss_name(here->loss));
  nnt_status status = nnt_run_data_check(data, checkpoint, options->output, error);
  if (status != NNT_OK) return status;
  if (state->granules != nnt_granules_of(options))
    return nnt_fail(error, NNT_BAD_USAGE,
                    "the checkpoint belongs to another reduction of gradients\n%s: %" PRId64
                    " granules, the options: %" PRId64
                    " (0 is --reduction fast)\nuse the options of that run, or another --output",
                    options->output, state->granules, nnt_granules_of(options));
  if (state->seed != options->seed || state->batch_size != options->batch_size ||
      state->samples != data->train->samples.count)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "the checkpoint belongs to another run\n%s: seed %" PRIu64
                    ", batch size %" PRId64 ", %" PRId64 " samples; the options: %" PRIu64
                    ", %" PRId64 ", %" PRId64 "\nuse the options of that run, or another --output",
                    options->output, state->seed, state->batch_size, state->samples, options->seed,
                    options->batch_size, data->train->samples.count);
  status = check_data(state->data_digest, data, options->output, error);
  if (status == NNT_OK) status = nnt_check_optimizer(checkpoint, options, error);
  if (status == NNT_OK)
    status = check_shuffling(&state->shuffling, &data->plans[0].shuffling, options->output, error);
  if (status != NNT_OK) return status;
  if (options->normalization != NNT_NORMALIZE_AUTO &&
      options->normalization != there->normalization)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "the checkpoint has another normalisation\n%s: %s, --normalize %s\nuse the "
                    "options of that run, or another --output",
                    options->output, nnt_normalization_name(there->normalization),
                    nnt_normalization_name(options->normalization));
  return NNT_OK;
}
