/* nntrain verify */
#include <inttypes.h>
#include <nntrain/verify.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/train_settings.h"

/* Entries of a list, at most. */
#define MOST_COUNTS 32
/* Digits of a digest in the table. */
#define SHOWN_DIGITS 16

static const option_spec specs[] = {
    {"steps", "N", "20", GROUP_RUNNING | FIRST_SCREEN, "updates computed in each configuration"},
    {"ranks", "N,N,...", NULL, GROUP_RUNNING | FIRST_SCREEN,
     "numbers of ranks to try, of those that mpirun started (default 1, 2, 3, powers of two and "
     "all)"},
    {"thread-counts", "N,N,...", NULL, GROUP_RUNNING | FIRST_SCREEN,
     "threads per rank to try (default 1, 2, 3, powers of two and --threads)"},
    {"json", NULL, NULL, GROUP_OUTPUT | FIRST_SCREEN,
     "print one JSON object per row, and one for the verdict"},
    {NULL, NULL, NULL, 0, NULL}};

typedef struct printer {
  bool json, quiet;
} printer;

static const char *allreduce_name(nnt_allreduce value) {
  return value == NNT_ALLREDUCE_FLAT ? "flat" : "auto";
}

static void print_json_row(const nnt_verify_row *row) {
  printf(
      "{\"ranks\": %d, \"nodes\": %d, \"threads\": %d, \"allreduce\": \"%s\", "
      "\"kernels\": \"%s\", \"digest\": \"%s\", \"step_seconds\": %.9g, \"same\": %s, "
      "\"different_step\": ",
      row->ranks, row->nodes, row->threads, allreduce_name(row->allreduce), row->isa, row->digest,
      row->step_seconds, row->same ? "true" : "false");
  if (row->same)
    printf("null}\n");
  else
    printf("%" PRId64 "}\n", row->different_step);
}

static void print_row(void *context, const nnt_verify_row *row) {
  const printer *p = context;
  if (p->json) {
    print_json_row(row);
  } else if (!p->quiet) {
    if (row->first)
      printf("%5s %5s %7s  %-9s  %-8s  %-*s  %8s  %s\n", "ranks", "nodes", "threads", "allreduce",
             "kernels", SHOWN_DIGITS, "digest", "ms/step", "compared");
    printf("%5d %5d %7d  %-9s  %-8s  %-*.*s  %8.3f  ", row->ranks, row->nodes, row->threads,
           allreduce_name(row->allreduce), row->isa, SHOWN_DIGITS, SHOWN_DIGITS, row->digest,
           1e3 * row->step_seconds);
    if (row->trouble[0] != '\0')
      printf("%s\n", row->trouble);
    else if (!row->same)
      printf("differs from step %" PRId64 "\n", row->different_step);
    else
      printf("%s\n", row->first ? "reference" : "same");
  }
  (void)fflush(stdout);
}

static void print_verdict(const printer *p, const nnt_verify_result *result, int64_t steps,
                          bool promised) {
  const char *verdict = result->different == 0 ? "identical" : "different";
  if (!promised) verdict = "no promise";
  if (p->json)
    printf("{\"verdict\": \"%s\", \"rows\": %d, \"different\": %d, \"steps\": %" PRId64 "}\n",
           verdict, result->rows, result->different, steps);
  else if (!promised)
    printf(
        "verdict: no promise: --reduction fast sums in any order; %d of %d configurations differ\n",
        result->different, result->rows);
  else if (result->different > 0)
    printf("verdict: different: %d of %d configurations\n", result->different, result->rows);
  else
    printf("verdict: identical: the same bits in all parameters and losses of %" PRId64
           " steps, in %d configuration%s\n",
           steps, result->rows, result->rows == 1 ? "" : "s");
}

/* A list of whole numbers from 1 to `most`. */
static nnt_status take_counts(const options *parsed, const char *name, int most, int *out,
                              int *count, nnt_error *error) {
  char **words = NULL;
  int64_t length = 0;
  nnt_status status = options_words(parsed, name, MOST_COUNTS, &words, &length, error);
  for (int64_t i = 0; i < length && status == NNT_OK; ++i) {
    int64_t value = 0;
    if (!parse_int(words[i], &value) || value < 1 || value > most)
      status = nnt_fail(error, NNT_BAD_USAGE,
                        "not a valid number\n--%s %s: '%s'\ngive whole numbers from 1 to %d, "
                        "such as --%s 1,2",
                        name, options_text(parsed, name), words[i], most, name);
    out[i] = (int)value;
  }
  *count = (int)length;
  free(words);
  return status;
}

static nnt_status run_verify(const options *parsed, nnt_comm *comm, nnt_error *error) {
  nnt_train_options train;
  int ranks[MOST_COUNTS], threads[MOST_COUNTS];
  printer p = {.json = options_flag(parsed, "json"), .quiet = options_flag(parsed, "quiet")};
  nnt_verify_options verify = {.train = &train, .ranks = ranks, .threads = threads};
  nnt_verify_result result;
  nnt_status status = train_settings_take(parsed, false, &train, error);
  if (status == NNT_OK) status = options_int(parsed, "steps", 1, 1000000, &verify.steps, error);
  if (status == NNT_OK)
    status = take_counts(parsed, "ranks", nnt_comm_size(comm), ranks, &verify.rank_count, error);
  if (status == NNT_OK)
    status = take_counts(parsed, "thread-counts", 4096, threads, &verify.thread_count, error);
  if (status == NNT_OK) {
    bool promised = train.reduction == NNT_REDUCTION_EXACT;
    status = nnt_verify(comm, &verify, print_row, &p, &result, error);
    if ((status == NNT_OK || status == NNT_DIFFERENT) && nnt_comm_rank(comm) == 0)
      print_verdict(&p, &result, verify.steps, promised);
  }
  return status;
}

const command command_verify = {
    .name = "verify",
    .summary = "checks that a run is bitwise reproducible on any ranks and threads here",
    .usage = "--data FILE[:GROUP] [options of train]",
    .examples =
        "  mpirun -np 4 nntrain verify --data fashion.h5:train --hidden 512,512 --threads 2\n"
        "  mpirun -np 64 nntrain verify --config run.ini --ranks 16,64 --thread-counts 1 "
        "--steps 5\n"
        "  nntrain verify --config run.ini      threads and instruction sets of this machine\n",
    .details =
        "Trains the first steps of your run (with --resume, the first after the newest "
        "checkpoint) on 1, 2, 3, ... of the ranks, with 1, 2, 3, ... threads, with the other "
        "--allreduce and with every instruction set that all processors have, and compares "
        "every loss and parameter bit by bit. Nothing is written. Of train's options, "
        "--validation, --epochs, --keep and --dry-run have no effect, and --output says only "
        "where to --resume from. One rank with one thread takes its time: with a large "
        "network choose --ranks and --steps.\n\n"
        "Exit codes: 0 all are the same (or --reduction fast, which promises nothing), 1 a "
        "difference, 2 bad usage or bad input.\n",
    .options = specs,
    .borrows = &command_train,
    .max_positionals = 0,
    .collective = 1,
    .run = run_verify};
