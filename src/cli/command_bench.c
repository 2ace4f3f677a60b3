/* nntrain bench */
#include <math.h>
#include <nntrain/bench.h>
#include <nntrain/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/data_options.h"
#include "cli/name_lists.h"

static const option_spec specs[] = {
    {"workload", "NAME[,...]", NULL, GROUP_NETWORK, "step: {workloads} (default all)"},
    {"inputs", "N", "784", GROUP_NETWORK, "step: features of a network of your own (--hidden)"},
    {"hidden", "N,N,...", NULL, GROUP_NETWORK, "step: hidden layers of a network of your own"},
    {"outputs", "N", "10", GROUP_NETWORK, "step: classes of a network of your own"},
    {"activation", "NAME", "relu", GROUP_NETWORK,
     "step: activation of a network of your own: {activations}"},
    {"batch-size", "N", "128", GROUP_TRAINING, "step: samples per update, over all ranks together"},
    {"reduction", "exact|fast", "exact", GROUP_RUNNING, "step: how gradients are summed"},
    THREADS_OPTION,
    {"seconds", "X", "1", GROUP_RUNNING, "time spent on each row, about"},
    {"json", NULL, NULL, GROUP_OUTPUT, "print one JSON object per row"},
    {NULL, NULL, NULL, 0, NULL}};

/* What the callbacks need. */
typedef struct printer {
  bool json;
  char group[32]; /* of the previous row; a new one gets a heading */
  int threads;
} printer;

static void print_json_row(const nnt_bench_row *row) {
  printf(
      "{\"group\": \"%s\", \"name\": \"%s\", \"threads\": %d, \"seconds\": %.9g, "
      "\"spread\": %.4g, \"rate\": %.6g, \"unit\": \"%s\"",
      row->group, row->name, row->threads, row->seconds, row->spread, row->rate, row->unit);
  if (isfinite(row->fraction))
    printf(", \"fraction\": %.6g, \"limit\": \"%s\"", row->fraction, row->limit);
  printf("}\n");
}

static void print_row(void *context, const nnt_bench_row *row) {
  printer *p = context;
  bool exchange = strcmp(row->group, "exchange") == 0;
  if (p->json) {
    print_json_row(row);
    return;
  }
  if (strcmp(p->group, row->group) != 0 || p->threads != row->threads) {
    (void)snprintf(p->group, sizeof p->group, "%s", row->group);
    p->threads = row->threads;
    if (exchange)
      printf("\nexchange of gradients\n");
    else
      printf("\n%s, %d thread%s\n", row->group, row->threads, row->threads == 1 ? "" : "s");
  }
  printf("  %-32s %9.1f %-10s", row->name, row->rate, row->unit);
  if (isfinite(row->fraction) && exchange)
    printf("  %9.1f us  %5.1f x as fast as %s", row->seconds * 1e6, row->fraction, row->limit);
  else if (isfinite(row->fraction))
    printf("  %5.1f %% of %s", 100.0 * row->fraction, row->limit);
  printf("  +-%.0f %%\n", 50.0 * row->spread);
  (void)fflush(stdout);
}

static void print_step(const nnt_bench_workload *w, const nnt_bench_step *s, int ranks, bool json) {
  const struct {
    const char *name;
    double seconds;
  } parts[] = {{"gather", s->gather},
               {"forward", s->forward},
               {"backward", s->backward},
               {"hidden", s->exchange > s->exposed ? s->exchange - s->exposed : 0.0},
               {"exposed", s->exposed},
               {"update", s->update}};
  const int count = sizeof parts / sizeof *parts;
  if (json) {
    printf(
        "{\"group\": \"step\", \"name\": \"%s\", \"ranks\": %d, \"threads\": %d, "
        "\"batch_size\": %lld, \"seconds\": %.9g, \"spread\": %.4g, \"samples_per_second\": %.6g, "
        "\"gflops\": %.6g, \"fraction\": %.6g",
        w->name, ranks, s->threads, (long long)w->batch_size, s->step, s->spread,
        s->samples_per_second, s->gflops, s->fraction);
    for (int i = 0; i < count; ++i) printf(", \"%s\": %.9g", parts[i].name, parts[i].seconds);
    printf("}\n");
  } else {
    printf("%-9s %6lld %6d %10.0f %10.1f %8.1f %7.1f %%", w->name, (long long)w->batch_size,
           s->threads, s->samples_per_second, s->step * 1e6, s->gflops, 100.0 * s->fraction);
    for (int i = 0; i < count; ++i) printf(" %8.1f", parts[i].seconds * 1e6);
    printf("  +-%.0f %%\n", 50.0 * s->spread);
  }
  (void)fflush(stdout);
}

static void print_step_heading(int ranks) {
  nnt_error ignored;
  printf("training steps, %d rank%s, %s kernels; times in microseconds\n", ranks,
         ranks == 1 ? "" : "s", nnt_kernel_isa(&ignored));
  printf("%-9s %6s %6s %10s %10s %8s %9s %8s %8s %8s %8s %8s %8s\n", "workload", "batch", "threads",
         "samples/s", "step", "GFLOP/s", "of peak", "gather", "forward", "backward", "hidden",
         "exposed", "update");
}

static nnt_status run_one(const nnt_bench_workload *workload, nnt_comm *comm,
                          const nnt_bench_options *bench, bool json, nnt_error *error) {
  nnt_bench_step result;
  nnt_status status = nnt_bench_steps(comm, workload, bench, &result, error);
  if (status == NNT_OK && nnt_comm_rank(comm) == 0)
    print_step(workload, &result, nnt_comm_size(comm), json);
  return status;
}

/* A network of the user's own, from --hidden. */
static nnt_status take_own(const options *parsed, nnt_bench_workload *out, nnt_error *error) {
  char **words = NULL;
  int64_t count = 0;
  *out = (nnt_bench_workload){.name = "own"};
  nnt_status status = options_words(parsed, "hidden", NNT_MAX_LAYERS - 1, &words, &count, error);
  for (int64_t i = 0; i < count && status == NNT_OK; ++i) {
    if (!parse_int(words[i], &out->hidden[i]) || out->hidden[i] < 1)
      status = nnt_fail(error, NNT_BAD_USAGE,
                        "not a layer size\n--hidden %s: '%s'\ngive whole numbers from 1, "
                        "such as --hidden 512,512",
                        options_text(parsed, "hidden"), words[i]);
  }
  out->hidden_count = (int)count;
  free(words);
  if (status == NNT_OK)
    status = options_int(parsed, "inputs", 1, NNT_MAX_WIDTH, &out->inputs, error);
  if (status == NNT_OK)
    status = options_int(parsed, "outputs", 2, NNT_MAX_WIDTH, &out->outputs, error);
  if (status == NNT_OK)
    status = options_int(parsed, "batch-size", 1, 1 << 24, &out->batch_size, error);
  if (status == NNT_OK)
    status = nnt_activation_parse(options_text(parsed, "activation"), &out->activation, error);
  return status;
}

/* Whether the list of --workload holds this name; no list holds all. */
static bool is_wanted(char *const *names, int64_t count, const char *name) {
  for (int64_t i = 0; i < count; ++i) {
    if (strcmp(names[i], name) == 0) return true;
  }
  return count == 0;
}

static nnt_status fail_unknown_workload(const char *name, nnt_error *error) {
  char known[NAME_LISTS_SIZE];
  name_lists_expand("{workloads}", known);
  return nnt_fail(error, NNT_BAD_USAGE,
                  "unknown workload\n--workload %s\nchoose from: %s; or give --hidden for a "
                  "network of your own",
                  name, known);
}

static nnt_status check_names(char *const *names, int64_t count, nnt_error *error) {
  for (int64_t i = 0; i < count; ++i) {
    bool known = false;
    for (int w = 0; nnt_bench_workload_at(w) != NULL; ++w)
      known = known || strcmp(nnt_bench_workload_at(w)->name, names[i]) == 0;
    if (!known) return fail_unknown_workload(names[i], error);
  }
  return NNT_OK;
}

static nnt_status bench_steps(const options *parsed, nnt_comm *comm, const nnt_bench_options *bench,
                              nnt_error *error) {
  bool json = options_flag(parsed, "json"), own = options_given(parsed, "hidden");
  char **names = NULL;
  int64_t count = 0;
  nnt_bench_workload workload;
  nnt_status status = options_words(parsed, "workload", 16, &names, &count, error);
  if (status == NNT_OK) status = check_names(names, count, error);
  if (status == NNT_OK && own) status = take_own(parsed, &workload, error);
  if (status == NNT_OK && !json && nnt_comm_rank(comm) == 0)
    print_step_heading(nnt_comm_size(comm));
  if (status == NNT_OK && own) status = run_one(&workload, comm, bench, json, error);
  for (int i = 0; nnt_bench_workload_at(i) != NULL && status == NNT_OK; ++i) {
    const nnt_bench_workload *named = nnt_bench_workload_at(i);
    if ((!own || count > 0) && is_wanted(names, count, named->name))
      status = run_one(named, comm, bench, json, error);
  }
  free(names);
  return status;
}

static nnt_status run_bench(const options *parsed, nnt_comm *comm, nnt_error *error) {
  const char *what = options_positional(parsed, 0);
  nnt_bench_options bench = {0};
  printer p = {.json = options_flag(parsed, "json")};
  nnt_status status = options_real(parsed, "seconds", 0.01, 3600.0, &bench.seconds, error);
  if (status == NNT_OK)
    status = nnt_reduction_parse(options_text(parsed, "reduction"), &bench.reduction, error);
  if (status == NNT_OK) status = take_threads(parsed, &bench.threads, error);
  if (status != NNT_OK) return status;
  if (what != NULL && strcmp(what, "step") == 0) return bench_steps(parsed, comm, &bench, error);
  if (what != NULL && strcmp(what, "exchange") == 0)
    return nnt_bench_exchange(comm, &bench, print_row, &p, error);
  if (what == NULL || strcmp(what, "kernels") != 0)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "unknown benchmark\nnntrain bench %s\nchoose one of: kernels, exchange, step",
                    what != NULL ? what : "");
  if (nnt_comm_rank(comm) == 0) status = nnt_bench_kernels(&bench, print_row, &p, error);
  return nnt_comm_agree(comm, status, error);
}

const command command_bench = {
    .name = "bench",
    .summary = "measures kernels, gradient exchange and training steps on this machine",
    .usage = "kernels|exchange|step [options]",
    .examples =
        "  nntrain bench kernels\n"
        "  mpirun -np 2 nntrain bench exchange\n"
        "  mpirun -np 2 nntrain bench step --threads 1 --workload fashion,wide\n"
        "  nntrain bench step --hidden 1024,256 --batch-size 512 --json\n",
    .details =
        "Rates are medians; +- is half the interquartile range. The limits (peak multiply-add "
        "rate, memory bandwidth) are measured in the same run. In a step, hidden and exposed "
        "are the parts of the gradient exchange during and after the backward pass.\n",
    .options = specs,
    .max_positionals = 1,
    .collective = 1,
    .run = run_bench};
