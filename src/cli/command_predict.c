/* nntrain predict */
#include <inttypes.h>
#include <nntrain/evaluate.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/data_options.h"

static const option_spec specs[] = {
    {"checkpoint", "FILE|DIR", NULL, "checkpoint, or a run's directory: its best"},
    {"data", "FILE[:GROUP][,...]", NULL, "data set (HDF5), as of train; it needs no targets"},
    {"x-name", "NAME", "x", "dataset of the samples"},
    {"y-name", "NAME", "y", "dataset of the targets, read for --stratify alone"},
    SELECTION_OPTIONS,
    {"output", "FILE", NULL,
     "predictions: CSV when the name ends in .csv, NumPy's NPY (outputs alone) when in .npy, else "
     "HDF5; replaced when it exists, unless it is a checkpoint"},
    READING_OPTIONS,
    THREADS_OPTION,
    {NULL, NULL, NULL, NULL}};

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
    .details =
        "Example:\n"
        "  nntrain predict --checkpoint run --data fashion.h5:test --output test.csv\n\n"
        "HDF5: /output [samples, outputs] float32 (probabilities or values), /class [samples] "
        "int64;\nof a part (--limit, --split, --fold) also /row [samples] int64, where each sample "
        "stands in the\ndata set, from 0. In CSV these are columns.\n",
    .options = specs,
    .max_positionals = 0,
    .collective = 1,
    .run = run_predict};
