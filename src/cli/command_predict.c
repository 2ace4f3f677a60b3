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
    {"limit", "N", NULL,
     "use only the first N samples; with --stratify, of each class its share of N"},
    {"split", "X", NULL, "cut the data set as train did"},
    {"fold", "K/N", NULL, "cut the data set as train did"},
    {"stratify", NULL, NULL, "let every part hold every class in its share; needs classes"},
    {"part", "NAME", NULL, "part of a data set that is cut: train, validation (without it), all"},
    {"output", "FILE", NULL,
     "predictions: CSV when the name ends in .csv, NumPy's NPY (outputs alone) when in .npy, else "
     "HDF5; replaced when it exists, unless it is a checkpoint"},
    {"data-mode", "NAME", "auto",
     "resident (the whole data set in memory, once a node), streaming (two windows of it, the next "
     "read ahead), auto (resident when it fits into the memory limit)"},
    {"memory-limit", "SIZE", NULL,
     "memory of data a node, such as 500M or 4G; without it half of what is available"},
    {"io", "NAME", "independent",
     "how ranks read: independent, collective (MPI-IO; needs the parallel HDF5)"},
    {"threads", "N", NULL,
     "OpenMP threads of each rank; without it OMP_NUM_THREADS, or one for each core that the rank "
     "may use, divided among the ranks that may use it"},
    {NULL, NULL, NULL, NULL}};

static nnt_status run_predict(const options *parsed, nnt_comm *comm, nnt_error *error) {
  nnt_predict_options predict = {.x_name = options_text(parsed, "x-name"),
                                 .y_name = options_text(parsed, "y-name")};
  nnt_predict_result result;
  const char *data = NULL;
  int64_t threads = 0;
  nnt_status status = options_required(parsed, "checkpoint", &predict.checkpoint, error);
  if (status == NNT_OK) status = options_required(parsed, "data", &data, error);
  if (status == NNT_OK) status = options_required(parsed, "output", &predict.output, error);
  if (status == NNT_OK) status = take_reading(parsed, &predict.reading, error);
  if (status == NNT_OK) status = take_selection(parsed, true, &predict.selection, error);
  if (status == NNT_OK && options_given(parsed, "threads"))
    status = options_int(parsed, "threads", 1, 4096, &threads, error);
  predict.data = (nnt_data_place){.path = data};
  predict.threads = (int)threads;
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
