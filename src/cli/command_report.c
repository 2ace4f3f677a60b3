/* nntrain report */
#include <nntrain/report.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/data_options.h"

static const option_spec specs[] = {
    {"output", "FILE", "report.html", GROUP_OUTPUT, "the page"},
    {"worst", "N", "24", GROUP_OUTPUT,
     "samples shown whose class got the lowest probability; 0 disables"},
    {"data", "FILE[:GROUP][,...]", NULL, GROUP_DATA,
     "evaluate the best checkpoint of every run on this data set: confusion matrix, scores per "
     "class, worst samples"},
    {"x-name", "NAME", "x", GROUP_DATA, "HDF5 dataset of the samples"},
    {"y-name", "NAME", "y", GROUP_DATA, "HDF5 dataset of the targets"},
    SELECTION_OPTIONS,
    READING_OPTIONS,
    THREADS_OPTION,
    {NULL, NULL, NULL, 0, NULL}};

static nnt_status run_report(const options *parsed, nnt_comm *comm, nnt_error *error) {
  const char *runs[OPTIONS_MOST_POSITIONALS];
  nnt_report_options report = {.runs = runs, .output = options_text(parsed, "output")};
  nnt_evaluate_options *evaluate = &report.evaluate;
  nnt_status status = take_runs(parsed, "report", runs, &report.count, error);
  if (status == NNT_OK) status = take_reading(parsed, &evaluate->reading, error);
  if (status == NNT_OK) status = take_selection(parsed, true, &evaluate->selection, error);
  if (status == NNT_OK) status = take_threads(parsed, &evaluate->threads, error);
  if (status == NNT_OK) status = options_int(parsed, "worst", 0, 1000, &evaluate->worst, error);
  evaluate->data = (nnt_data_place){.path = options_text(parsed, "data")};
  evaluate->x_name = options_text(parsed, "x-name");
  evaluate->y_name = options_text(parsed, "y-name");
  if (status == NNT_OK) status = nnt_report(comm, &report, error);
  if (status == NNT_OK && nnt_comm_rank(comm) == 0)
    printf("%s: %d run%s; open it in a browser\n", report.output, report.count,
           report.count == 1 ? "" : "s");
  return status;
}

const command command_report = {
    .name = "report",
    .summary = "writes an HTML page: curves, scores and settings of runs side by side",
    .usage = "DIR... [--output FILE] [--data FILE[:GROUP]] [options]",
    .examples = "  nntrain report run other-run --data fashion.h5:test --output report.html\n",
    .details = "The page is a single file and needs no network.\n",
    .options = specs,
    .max_positionals = OPTIONS_MOST_POSITIONALS,
    .collective = 1,
    .run = run_report};
