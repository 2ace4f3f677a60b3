/* What runs did, to look at: one HTML page, or a table. */
#ifndef NNTRAIN_REPORT_H
#define NNTRAIN_REPORT_H

#include <nntrain/comm.h>
#include <nntrain/evaluate.h>
#include <nntrain/inspect.h>
#include <nntrain/status.h>
#include <stdint.h>

/* Strings are borrowed. */
typedef struct nnt_report_options {
  const char *const *runs; /* [count] directories of runs */
  int count;
  /* To measure every run's best checkpoint on; path NULL: not. The checkpoint of `evaluate` is not
   * read; its `worst` is how many pictures of wrong samples there are. */
  nnt_evaluate_options evaluate;
  const char *output; /* the page; replaced when it exists */
} nnt_report_options;

/* Writes one page of HTML that needs nothing else: curves, tables and settings of all runs, and
 * with data confusion matrices and the worst samples. Whole or not at all. Collective. Errors:
 * NNT_BAD_INPUT for a directory without a run; what nnt_evaluate fails with. */
NNT_API nnt_status nnt_report(nnt_comm *comm, const nnt_report_options *options,
                              nnt_error *error) NNT_MUST_CHECK;

/* A table of the runs, line by line, the best first: by the best value over the epochs of `by`, a
 * key of metrics.jsonl, accuracies, R2 and samples_per_second the larger the better, all else the
 * smaller. NULL: validation_loss, or train_loss where a run has no other. Local. Errors:
 * NNT_BAD_INPUT, also when no run has that key. */
NNT_API nnt_status nnt_compare(const char *const *runs, int count, const char *by, nnt_line line,
                               void *context, nnt_error *error) NNT_MUST_CHECK;

#endif
