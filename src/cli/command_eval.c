/* nntrain eval */
#include <inttypes.h>
#include <math.h>
#include <nntrain/evaluate.h>
#include <nntrain/file.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/data_options.h"
#include "cli/score_print.h"

static const option_spec specs[] = {
    {"checkpoint", "FILE|DIR", NULL, GROUP_NETWORK, "checkpoint, or a run's directory: its best"},
    {"data", "FILE[:GROUP][,...]", NULL, GROUP_DATA,
     "data set (HDF5); several files form one, in this order"},
    {"x-name", "NAME", "x", GROUP_DATA, "HDF5 dataset of the samples"},
    {"y-name", "NAME", "y", GROUP_DATA, "HDF5 dataset of the targets"},
    SELECTION_OPTIONS,
    READING_OPTIONS,
    {"top-k", "K", "0", GROUP_OUTPUT, "also measure top-K accuracy; 0 disables"},
    {"details", NULL, NULL, GROUP_OUTPUT,
     "for classes: precision, recall, F1 and AUC of each, confusion matrix, calibration error"},
    {"json", NULL, NULL, GROUP_OUTPUT, "print one JSON object"},
    {"output", "FILE", NULL, GROUP_OUTPUT,
     "write the JSON object to this file, too; an existing file is replaced unless it is a "
     "checkpoint"},
    THREADS_OPTION,
    {NULL, NULL, NULL, 0, NULL}};

static void print_json_number(FILE *stream, const char *name, double value) {
  if (isfinite(value)) (void)fprintf(stream, ", \"%s\": %.17g", name, value);
}

static void print_json(FILE *stream, const nnt_metrics *m, const nnt_scores *scores) {
  (void)fprintf(stream, "{\"samples\": %" PRId64, m->samples);
  print_json_number(stream, "loss", m->loss);
  print_json_number(stream, "accuracy", m->accuracy);
  print_json_number(stream, "f1_macro", m->f1);
  if (m->top_k > 0) (void)fprintf(stream, ", \"top_k\": %d", m->top_k);
  print_json_number(stream, "top_k_accuracy", m->top_k_accuracy);
  print_json_number(stream, "mse", m->mse);
  print_json_number(stream, "mae", m->mae);
  print_json_number(stream, "r2", m->r2);
  if (scores != NULL) score_print_json(stream, scores);
  (void)fprintf(stream, "}\n");
}

static void print_lines(const nnt_metrics *m) {
  printf("samples   %" PRId64 "\nloss      %.6f\n", m->samples, m->loss);
  if (m->classification) {
    printf("accuracy  %.4f\n", m->accuracy);
    if (!isnan(m->f1)) printf("F1        %.4f\n", m->f1);
    if (m->top_k > 0) printf("top-%-5d %.4f\n", m->top_k, m->top_k_accuracy);
  } else {
    printf("MSE       %.6g\nMAE       %.6g\nR2        %.6f\n", m->mse, m->mae, m->r2);
  }
}

static nnt_status write_file(const char *path, const nnt_metrics *metrics, const nnt_scores *scores,
                             nnt_error *error) {
  char *text = NULL;
  size_t size = 0;
  FILE *to = open_memstream(&text, &size);
  if (to != NULL) print_json(to, metrics, scores);
  bool failed = to == NULL || ferror(to) != 0;
  if (to != NULL && fclose(to) != 0) failed = true;
  nnt_status status = failed ? nnt_fail_memory(error, size, "the metrics")
                             : nnt_file_write(path, text, size, error);
  free(text);
  return status;
}

static nnt_status report(const options *parsed, const nnt_metrics *metrics,
                         const nnt_scores *scores, nnt_error *error) {
  const char *output = options_text(parsed, "output");
  if (options_flag(parsed, "json"))
    print_json(stdout, metrics, scores);
  else
    print_lines(metrics);
  if (!options_flag(parsed, "json") && scores != NULL) score_print_table(stdout, scores);
  return output != NULL ? write_file(output, metrics, scores, error) : NNT_OK;
}

/* Before the evaluation, whose result would be lost. Collective. */
static nnt_status check_output(const options *parsed, nnt_comm *comm, nnt_status status,
                               nnt_error *error) {
  const char *output = options_text(parsed, "output");
  if (status == NNT_OK && output != NULL && nnt_comm_rank(comm) == 0)
    status = nnt_file_check_output(output, error);
  return nnt_comm_agree(comm, status, error);
}

static nnt_status run_eval(const options *parsed, nnt_comm *comm, nnt_error *error) {
  nnt_evaluate_options evaluate = {.x_name = options_text(parsed, "x-name"),
                                   .y_name = options_text(parsed, "y-name")};
  const char *data = NULL;
  int64_t top_k = 0;
  nnt_metrics metrics;
  nnt_scores *scores = NULL;
  nnt_status status = options_required(parsed, "checkpoint", &evaluate.checkpoint, error);
  if (status == NNT_OK) status = options_required(parsed, "data", &data, error);
  if (status == NNT_OK) status = take_reading(parsed, &evaluate.reading, error);
  if (status == NNT_OK) status = take_selection(parsed, true, &evaluate.selection, error);
  if (status == NNT_OK) status = take_threads(parsed, &evaluate.threads, error);
  if (status == NNT_OK) status = options_int(parsed, "top-k", 0, 1000000, &top_k, error);
  evaluate.data = (nnt_data_place){.path = data};
  evaluate.top_k = (int)top_k;
  status = check_output(parsed, comm, status, error);
  if (status == NNT_OK)
    status = nnt_evaluate(comm, &evaluate, &metrics,
                          options_flag(parsed, "details") ? &scores : NULL, error);
  if (status == NNT_OK) {
    if (nnt_comm_rank(comm) == 0) status = report(parsed, &metrics, scores, error);
    status = nnt_comm_agree(comm, status, error);
  }
  nnt_scores_destroy(&scores);
  return status;
}

const command command_eval = {
    .name = "eval",
    .summary = "measures loss and metrics of a checkpoint on a data set",
    .usage = "--checkpoint FILE|DIR --data FILE[:GROUP] [options]",
    .examples = "  nntrain eval --checkpoint run --data fashion.h5:test --top-k 3\n",
    .details =
        "Classification: loss, accuracy, top-k accuracy. Regression: loss, MSE, MAE, R2.\n"
        "Every sample counts once; the result does not depend on the number of ranks.\n",
    .options = specs,
    .max_positionals = 0,
    .collective = 1,
    .run = run_eval};
