/* nntrain compare */
#include <nntrain/report.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/data_options.h"

static const option_spec specs[] = {
    {"by", "KEY", NULL, GROUP_OUTPUT,
     "key of metrics.jsonl whose best value over the epochs orders the runs (default "
     "validation_loss, or else train_loss)"},
    {NULL, NULL, NULL, 0, NULL}};

static void print_line(void *context, const char *line) {
  (void)context;
  puts(line);
}

static nnt_status run_compare(const options *parsed, nnt_comm *comm, nnt_error *error) {
  const char *runs[OPTIONS_MOST_POSITIONALS];
  int count = 0;
  (void)comm;
  nnt_status status = take_runs(parsed, "compare", runs, &count, error);
  if (status == NNT_OK)
    status = nnt_compare(runs, count, options_text(parsed, "by"), print_line, NULL, error);
  return status;
}

const command command_compare = {.name = "compare",
                                 .summary = "prints a table of runs, the best first",
                                 .usage = "DIR... [--by KEY]",
                                 .examples =
                                     "  nntrain compare runs/*\n"
                                     "  nntrain compare runs/* --by validation_accuracy\n",
                                 .options = specs,
                                 .max_positionals = OPTIONS_MOST_POSITIONALS,
                                 .collective = 0,
                                 .run = run_compare};
