/* nntrain train */
#include <errno.h>
#include <inttypes.h>
#include <nntrain/train.h>
#include <nntrain/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/run_file.h"
#include "cli/train_options.h"
#include "cli/train_settings.h"

static void print_plan(void *context, const nnt_train_plan *plan) {
  (void)context;
  progress_print_plan(plan);
}

static void print_end(const nnt_train_options *train, const nnt_train_result *result,
                      const progress *state) {
  if (state->quiet || train->dry_run) return;
  if (result->stopped_early)
    printf("stopped early: no improvement for %" PRId64 " epochs\n", train->patience);
  printf("done: %" PRId64 " epochs, best loss %.5f after epoch %" PRId64 ", in %s\n",
         result->epochs, result->best_loss, result->best_epoch, train->output);
  progress_print_times(state);
  printf("digest %s\n", result->digest);
}

/* The run file that --write-config writes, and that every run keeps. */
static nnt_status describe_run(const options *parsed, char **out, nnt_error *error) {
  char here[1024], host[256] = "", heading[1700];
  const char *isa = nnt_kernel_isa(error);
  if (isa == NULL) return error->status;
  if (getcwd(here, sizeof here) == NULL) (void)snprintf(here, sizeof here, "an unknown directory");
  (void)gethostname(host, sizeof host - 1);
  (void)snprintf(heading, sizeof heading,
                 "Run file of nntrain %s: nntrain train --config FILE; the command line wins. "
                 "Paths are relative to %s. Written on host %s, %s kernels.",
                 nnt_version(), here, host, isa);
  return run_file_write(parsed, heading, out, error);
}

static nnt_status write_config(const char *path, const char *text, nnt_error *error) {
  FILE *file = fopen(path, "w");
  bool failed = file == NULL || fputs(text, file) == EOF;
  if (file != NULL && fclose(file) != 0) failed = true;
  if (!failed) return NNT_OK;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "cannot write the run file\n--write-config %s: %s\ncheck the path", path,
                  strerror(errno));
}

static nnt_status run_train(const options *parsed, nnt_comm *comm, nnt_error *error) {
  nnt_train_options train;
  nnt_train_result result;
  const char *config = options_text(parsed, "write-config");
  char *text = NULL;
  nnt_status status = train_settings_take(parsed, config == NULL, &train, error);
  if (status == NNT_OK) status = describe_run(parsed, &text, error);
  train.run_file = text;
  if (status == NNT_OK && config != NULL) {
    if (nnt_comm_rank(comm) == 0) status = write_config(config, text, error);
    status = nnt_comm_agree(comm, status, error);
  } else if (status == NNT_OK) {
    progress state = progress_create(options_flag(parsed, "quiet"));
    nnt_train_events events = progress_events(&state);
    if (train.dry_run) events.plan = print_plan;
    status = nnt_train(comm, &train, &events, &result, error);
    progress_end(&state);
    if (status == NNT_OK && nnt_comm_rank(comm) == 0) print_end(&train, &result, &state);
  }
  free(text);
  return status;
}

const command command_train = {
    .name = "train",
    .summary = "trains a network, on all ranks of the job",
    .usage = "--data FILE[:GROUP] --output DIR [options]",
    .examples =
        "  mpirun -np 4 nntrain train --data fashion.h5:train --validation fashion.h5:test \\\n"
        "      --hidden 512,512 --epochs 20 --output run\n"
        "  mpirun -np 4 nntrain train --config run.ini --resume\n",
    .details =
        "SIGTERM, SIGINT and SIGUSR1, to any rank, end the run after the current step, with a "
        "checkpoint and exit code 75; so does the time limit. The same command with --resume "
        "continues there and gives bitwise the same result. A second SIGINT ends the run at "
        "once.\n\n"
        "--watchdog: when no rank makes progress, every rank that still runs reports its "
        "state, the missing ones are named, one of the others writes a checkpoint of the last "
        "finished step if its parameters are consistent, and the run ends with exit code 1. "
        "Time in which the job is suspended does not count. Give more than the longest step "
        "takes.\n\n"
        "--check-every compares hashes of the copies: one per node or, with --allreduce flat, "
        "one per rank. Within a node the ranks share one copy, and check that they all read "
        "the same from it. A difference means faulty memory, a faulty processor or mixed "
        "binaries: the run ends with exit code 1, names ranks and hosts, and keeps the "
        "earlier checkpoints.\n\n"
        "Exit codes: 0 done, 1 run-time failure, 2 bad usage or bad input, 75 stopped, "
        "continue with --resume.\n",
    .options = train_options,
    .max_positionals = 0,
    .collective = 1,
    .stops = 1,
    .run = run_train};
