/* A verb of the program. */
#ifndef NNT_CLI_COMMAND_H
#define NNT_CLI_COMMAND_H

#include <nntrain/comm.h>
#include <nntrain/status.h>

#include "cli/options.h"

typedef struct command {
  const char *name;
  const char *summary;        /* one line, without a full stop */
  const char *usage;          /* what follows `nntrain VERB` */
  const char *examples;       /* lines */
  const char *details;        /* lines at the end of the whole help, to be wrapped; NULL: none */
  const option_spec *options; /* ends with a NULL name */
  /* Another command's options, which this one takes too; NULL: none. */
  const struct command *borrows;
  int max_positionals;
  /* Collective verbs run on every rank; others on rank 0 alone, while the rest wait. */
  int collective;
  int stops; /* signals ask it to stop, and do not end it */
  nnt_status (*run)(const options *parsed, nnt_comm *comm, nnt_error *error);
} command;

/* Each in its command_VERB.c; commands.h has the list. */
extern const command command_convert;
extern const command command_train;
extern const command command_eval;
extern const command command_predict;
extern const command command_export;
extern const command command_inspect;
extern const command command_bench;
extern const command command_verify;
extern const command command_report;
extern const command command_compare;

#endif
