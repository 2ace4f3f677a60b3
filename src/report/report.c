/* nnt_report: one HTML page with the data as JSON, drawn by its script. */
#include <nntrain/report.h>
#include <nntrain/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comm/comm.h"
#include "io/atomic_file.h"
#include "report/page.h"
#include "report/run_record.h"
#include "report/scores_record.h"

/* Evaluates the run's best checkpoint. Collective; `record` is rank 0's. */
static nnt_status measure(nnt_comm *comm, const nnt_report_options *options, int run,
                          json_t *record, nnt_error *error) {
  nnt_evaluate_options evaluate = options->evaluate;
  nnt_metrics metrics;
  nnt_scores *scores = NULL;
  evaluate.checkpoint = options->runs[run];
  nnt_status status = nnt_evaluate(comm, &evaluate, &metrics, &scores, error);
  if (status == NNT_OK && nnt_comm_rank(comm) == 0 &&
      json_object_set_new(record, "evaluation", nnt_scores_record(&metrics, scores)) != 0)
    status = nnt_fail_memory(error, sizeof metrics, "the report");
  nnt_scores_destroy(&scores);
  return nnt_comm_agree(comm, status, error);
}

/* The records of all runs, on rank 0. Collective. */
static nnt_status gather(nnt_comm *comm, const nnt_report_options *options, json_t *runs,
                         nnt_error *error) {
  nnt_status status = NNT_OK;
  for (int i = 0; i < options->count && status == NNT_OK; ++i) {
    json_t *record = NULL;
    if (nnt_comm_rank(comm) == 0) status = nnt_run_record_read(options->runs[i], &record, error);
    status = nnt_comm_agree(comm, status, error);
    if (status == NNT_OK && options->evaluate.data.path != NULL)
      status = measure(comm, options, i, record, error);
    if (record != NULL && json_array_append_new(runs, record) != 0 && status == NNT_OK)
      status = nnt_fail_memory(error, sizeof *record, "the report");
    status = nnt_comm_agree(comm, status, error);
  }
  return status;
}

static nnt_status write_page(const nnt_report_options *options, json_t *runs, nnt_error *error) {
  const char *mark = strstr(nnt_report_page, NNT_REPORT_MARK);
  json_t *data = json_pack("{ss sO ss*}", "version", nnt_version(), "runs", runs, "data",
                           options->evaluate.data.path);
  /* Slashes are escaped, so that no text can end the script element with the data. */
  char *text = data != NULL ? json_dumps(data, JSON_COMPACT | JSON_ESCAPE_SLASH) : NULL;
  size_t size = text != NULL ? strlen(nnt_report_page) + strlen(text) + 1 : 0;
  char *page = text != NULL ? malloc(size) : NULL;
  json_decref(data);
  nnt_status status = NNT_OK;
  if (page == NULL) {
    status = nnt_fail_memory(error, size, "the report");
  } else {
    (void)snprintf(page, size, "%.*s%s%s", (int)(mark - nnt_report_page), nnt_report_page, text,
                   mark + strlen(NNT_REPORT_MARK));
    status = nnt_atomic_write(options->output, page, strlen(page), error);
  }
  free(page);
  free(text);
  return status;
}

nnt_status nnt_report(nnt_comm *comm, const nnt_report_options *options, nnt_error *error) {
  json_t *runs = json_array();
  nnt_status status = runs != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *runs, "the report");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = gather(comm, options, runs, error);
  if (status == NNT_OK && nnt_comm_rank(comm) == 0) status = write_page(options, runs, error);
  json_decref(runs);
  return nnt_comm_agree(comm, status, error);
}
