/* The data sets of a run: opened, planned, brought into use. */
#include "train/run_data.h"

nnt_status nnt_run_data_open(nnt_comm *comm, const nnt_train_options *options, nnt_run_data *data,
                             nnt_error *error) {
  nnt_resident_request request = {.place = {.path = options->data.path,
                                            .group = options->data.group,
                                            .x_name = options->x_name,
                                            .y_name = options->y_name},
                                  .loss = &options->loss};
  nnt_status status = nnt_resident_open(comm, &request, &data->train, error);
  if (status != NNT_OK || options->validation.path == NULL) return status;
  request.place.path = options->validation.path;
  request.place.group = options->validation.group;
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
  nnt_shuffling wanted = wanted_shuffling(options, before);
  nnt_data_size train = nnt_held_size(data->train), validation = {.samples = 0};
  if (data->validation != NULL) validation = nnt_held_size(data->validation);
  return nnt_data_plan_train(&data->limit, options->reading.mode, &wanted, options->batch_size,
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
    status = nnt_reader_create(&data->reader, error);
  status = nnt_comm_agree(comm, status, error);
  for (int i = 0; i < 2 && sets[i] != NULL && status == NNT_OK; ++i)
    status = options->dry_run ? nnt_resident_scan(comm, sets[i], error)
                              : nnt_held_create(comm, sets[i], &data->plans[i], reading->io,
                                                data->reader, &data->held[i], error);
  return status;
}

void nnt_run_data_clear(nnt_run_data *data) {
  nnt_reader_destroy(&data->reader);
  for (int i = 0; i < 2; ++i) nnt_held_destroy(&data->held[i]);
  nnt_resident_destroy(&data->validation);
  nnt_resident_destroy(&data->train);
}
