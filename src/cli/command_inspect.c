/* nntrain inspect */
#include <nntrain/inspect.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"

static const option_spec specs[] = {
    {"checkpoint", "FILE|DIR", NULL, GROUP_NETWORK, "checkpoint, or a run's directory: its best"},
    {"data", "FILE", NULL, GROUP_DATA, "data file"},
    {"digest", NULL, NULL, GROUP_OUTPUT,
     "print only the SHA-256 of all parameters of the checkpoint"},
    {"config", NULL, NULL, GROUP_OUTPUT,
     "print only the run file of the checkpoint's run, for 'train --config'"},
    {NULL, NULL, NULL, 0, NULL}};

static void print_line(void *context, const char *line) {
  (void)context;
  puts(line);
}

/* The one file, given in whatever way. */
static nnt_status take_path(const options *parsed, const char **out, nnt_error *error) {
  const char *names[] = {options_positional(parsed, 0), options_text(parsed, "checkpoint"),
                         options_text(parsed, "data")};
  int count = 0;
  for (int i = 0; i < 3; ++i) {
    if (names[i] == NULL) continue;
    *out = names[i];
    ++count;
  }
  if (count == 1) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE, "%s\nnntrain inspect\ngive one file: nntrain inspect FILE",
                  count == 0 ? "no file to inspect" : "more than one file to inspect");
}

static nnt_status print_config(const char *path, nnt_error *error) {
  char *text = NULL;
  nnt_status status = nnt_inspect_run_file(path, &text, error);
  if (status == NNT_OK) (void)fputs(text, stdout);
  free(text);
  return status;
}

static nnt_status run_inspect(const options *parsed, nnt_comm *comm, nnt_error *error) {
  const char *path = NULL;
  char digest[65];
  (void)comm;
  nnt_status status = take_path(parsed, &path, error);
  if (status != NNT_OK) return status;
  if (options_flag(parsed, "config")) return print_config(path, error);
  if (!options_flag(parsed, "digest")) return nnt_inspect(path, print_line, NULL, error);
  status = nnt_inspect_digest(path, digest, error);
  if (status == NNT_OK) puts(digest);
  return status;
}

const command command_inspect = {.name = "inspect",
                                 .summary = "shows what a data file or a checkpoint holds",
                                 .usage = "FILE|DIR [--digest|--config]",
                                 .examples =
                                     "  nntrain inspect fashion.h5\n"
                                     "  nntrain inspect --checkpoint run --digest\n"
                                     "  nntrain inspect run --config >again.ini\n",
                                 .options = specs,
                                 .max_positionals = 1,
                                 .collective = 0,
                                 .run = run_inspect};
