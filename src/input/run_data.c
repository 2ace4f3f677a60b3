/* The data sets of a run: opening, planning, loading. */
#include "input/run_data.h"

#include <stdio.h>
#include <string.h>

#include "base/partition.h"
#include "input/data_digest.h"
#include "input/sample_weights.h"

/* Whether the validation set is split off the data set. */
static bool is_cut(const nnt_train_options *options) {
  return options->selection.split != 0.0 || options->selection.folds != 0;
}

static nnt_status describe(const nnt_train_options *options, nnt_run_data *data, nnt_error *error) {
  char *text = data->selection;
  nnt_selection_text(&options->selection, text, sizeof data->selection);
  size_t used = strlen(text);
  if (nnt_weighting_is_on(&options->weighting) && used > 0)
    used += (size_t)snprintf(text + used, sizeof data->selection - used, ", ");
  return nnt_weighting_text(&options->weighting, text + used, sizeof data->selection - used, error);
}

nnt_status nnt_run_data_check(const nnt_run_data *data, const nnt_checkpoint *checkpoint,
                              const char *output, nnt_error *error) {
  const char *there = checkpoint->state.selection;
  if (strcmp(there, data->selection) == 0) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "the checkpoint belongs to other samples or weights\n%s: %.120s; the options: "
                  "%.120s\nuse the options of that run (--limit, --split, --fold, --stratify, "
                  "--weight-name, --class-weight), or another --output",
                  output, there[0] != '\0' ? there : "all, unweighted",
                  data->selection[0] != '\0' ? data->selection : "all, unweighted");
}

nnt_status nnt_run_data_open(nnt_comm *comm, const nnt_train_options *options, nnt_run_data *data,
                             nnt_error *error) {
  nnt_resident_request request = {.place = {.path = options->data.path,
                                            .group = options->data.group,
                                            .x_name = options->x_name,
                                            .y_name = options->y_name},
                                  .loss = &options->loss,
                                  .selection = options->selection};
  nnt_status status = describe(options, data, error);
  if (status != NNT_OK) return status;
  request.place.weight_name = options->weighting.name;
  request.selection.part = is_cut(options) ? NNT_PART_TRAIN : NNT_PART_ALL;
  status = nnt_resident_open(comm, &request, &data->train, error);
  if (status != NNT_OK || (options->validation.path == NULL && !is_cut(options))) return status;
  request.place.weight_name = NULL;
  request.selection.part = NNT_PART_VALIDATION;
  if (options->validation.path != NULL) {
    request.place.path = options->validation.path;
    request.place.group = options->validation.group;
    request.selection = (nnt_selection){.limit = 0};
  }
  return nnt_resident_open(comm, &request, &data->validation, error);
}

static nnt_shuffling wanted_shuffling(const nnt_train_options *options,
                                      const nnt_shuffling *before) {
  nnt_shuffling wanted = options->shuffling;
  if (before == NULL) return wanted;
  if (wanted.kind == NNT_SHUFFLE_AUTO) wanted.kind = before->kind;
  if (wanted.kind != NNT_SHUFFLE_WINDOWED || before->kind != wanted.kind) return wanted;
  if (wanted.block == 0) wanted.block = before->block;
  if (wanted.window == 0) wanted.window = before->window;
  return wanted;
}

nnt_status nnt_run_data_plan(nnt_comm *comm, const nnt_train_options *options,
                             const nnt_shuffling *before, nnt_run_data *data, nnt_error *error) {
  nnt_status status = nnt_data_limit_of(comm, &options->reading, &data->limit, error);
  if (status != NNT_OK) return status;
  data->weight_bytes = nnt_sample_weights_bytes(&options->weighting, data->train->samples.count);
  data->limit.bytes = nnt_max_i64(data->limit.bytes - data->weight_bytes, 1);
  nnt_shuffling wanted = wanted_shuffling(options, before);
  nnt_data_size train = nnt_data_source_size(data->train), validation = {.samples = 0};
  if (data->validation != NULL) validation = nnt_data_source_size(data->validation);
  return nnt_memory_plan_train(&data->limit, options->reading.mode, &wanted, options->batch_size,
                               &train, data->validation != NULL ? &validation : NULL, data->plans,
                               error);
}

nnt_status nnt_run_data_load(nnt_comm *comm, const nnt_train_options *options, nnt_run_data *data,
                             nnt_error *error) {
  const nnt_reading *reading = &options->reading;
  nnt_resident *const sets[2] = {data->train, data->validation};
  nnt_status status = NNT_OK;
  bool streams = data->plans[0].streaming || data->plans[1].streaming;
  if (streams && reading->io == NNT_IO_INDEPENDENT && !options->dry_run)
    status = nnt_read_ahead_create(&data->reader, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK && !options->dry_run)
    status = nnt_sample_weights_create(comm, &options->weighting, data->train, error);
  for (int i = 0; i < 2 && sets[i] != NULL && status == NNT_OK; ++i)
    status = options->dry_run ? nnt_resident_scan(comm, sets[i], error)
                              : nnt_data_source_create(comm, sets[i], &data->plans[i], reading->io,
                                                       data->reader, &data->sources[i], error);
  if (status == NNT_OK)
    status = nnt_comm_agree(comm, nnt_data_digest(data->train, data->digest, error), error);
  return status;
}

void nnt_run_data_clear(nnt_run_data *data) {
  nnt_read_ahead_destroy(&data->reader);
  for (int i = 0; i < 2; ++i) nnt_data_source_destroy(&data->sources[i]);
  nnt_resident_destroy(&data->validation);
  nnt_resident_destroy(&data->train);
}
