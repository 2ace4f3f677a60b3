/* Reports on runs: an HTML page, or a table. */
#ifndef NNTRAIN_REPORT_H
#define NNTRAIN_REPORT_H

#include <nntrain/comm.h>
#include <nntrain/evaluate.h>
#include <nntrain/inspect.h>
#include <nntrain/status.h>
#include <stdint.h>

/* Strings are borrowed. */
typedef struct nnt_report_options {
  const char *const *runs; /* [count] run directories */
  int count;
  /* Data to evaluate every run's best checkpoint on; a NULL path disables it. `checkpoint` is
   * ignored; `worst` is the number of worst samples shown. */
  nnt_evaluate_options evaluate;
  const char *output; /* the page; an existing file is replaced */
} nnt_report_options;

/* Writes a self-contained HTML page: curves, tables and settings of all runs and, with data,
 * confusion matrices and the worst samples. Atomic. Collective. Errors: NNT_BAD_INPUT for a
 * directory without a run; those of nnt_evaluate. */
NNT_API nnt_status nnt_report(nnt_comm *comm, const nnt_report_options *options,
                              nnt_error *error) NNT_MUST_CHECK;

/* A table of the runs, line by line, sorted by their best value over the epochs of `by`, a key of
 * metrics.jsonl: accuracies, F1, R2 and samples_per_second descending, all others ascending. NULL:
 * validation_loss, or train_loss if some run has none. Local. Errors: NNT_BAD_INPUT, also when no
 * run has that key. */
NNT_API nnt_status nnt_compare(const char *const *runs, int count, const char *by, nnt_line line,
                               void *context, nnt_error *error) NNT_MUST_CHECK;

#endif
