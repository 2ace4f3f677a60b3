/* nntrain predict */
#include <inttypes.h>
#include <nntrain/evaluate.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/data_options.h"

static const option_spec specs[] = {
    {"checkpoint", "FILE|DIR", NULL, GROUP_NETWORK, "checkpoint, or a run's directory: its best"},
    {"data", "FILE[:GROUP][,...]", NULL, GROUP_DATA,
     "data set (HDF5), as for train; targets are not needed"},
    {"x-name", "NAME", "x", GROUP_DATA, "HDF5 dataset of the samples"},
    {"y-name", "NAME", "y", GROUP_DATA, "HDF5 dataset of the targets, read for --stratify only"},
    SELECTION_OPTIONS,
    READING_OPTIONS,
    {"output", "FILE", NULL, GROUP_OUTPUT,
     "predictions: CSV if the name ends in .csv, NumPy's NPY (outputs only) if in .npy, else HDF5; "
     "an existing file is replaced unless it is a checkpoint"},
    THREADS_OPTION,
    {NULL, NULL, NULL, 0, NULL}};

static nnt_status run_predict(const options *parsed, nnt_comm *comm, nnt_error *error) {
  nnt_predict_options predict = {.x_name = options_text(parsed, "x-name"),
                                 .y_name = options_text(parsed, "y-name")};
  nnt_predict_result result;
  const char *data = NULL;
  nnt_status status = options_required(parsed, "checkpoint", &predict.checkpoint, error);
  if (status == NNT_OK) status = options_required(parsed, "data", &data, error);
  if (status == NNT_OK) status = options_required(parsed, "output", &predict.output, error);
  if (status == NNT_OK) status = take_reading(parsed, &predict.reading, error);
  if (status == NNT_OK) status = take_selection(parsed, true, &predict.selection, error);
  if (status == NNT_OK) status = take_threads(parsed, &predict.threads, error);
  predict.data = (nnt_data_place){.path = data};
  if (status == NNT_OK) status = nnt_predict(comm, &predict, &result, error);
  if (status == NNT_OK && nnt_comm_rank(comm) == 0)
    printf("wrote %s: %" PRId64 " samples, %" PRId64 " %s each%s\n", predict.output, result.samples,
           result.outputs, result.classification ? "probabilities" : "values",
           result.classification ? ", and the class" : "");
  return status;
}

const command command_predict = {
    .name = "predict",
    .summary = "writes the outputs of a checkpoint for a data set",
    .usage = "--checkpoint FILE|DIR --data FILE[:GROUP] --output FILE [options]",
    .examples = "  nntrain predict --checkpoint run --data fashion.h5:test --output test.csv\n",
    .details =
        "HDF5: /output [samples, outputs] float32 (probabilities or values), /class [samples] "
        "int64; for a part (--limit, --split, --fold) also /row [samples] int64, the position "
        "of each sample in the data set, from 0. In CSV these are columns.\n",
    .options = specs,
    .max_positionals = 0,
    .collective = 1,
    .run = run_predict};
