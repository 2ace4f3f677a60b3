/* nnt_verify: bitwise comparison of the first steps of a run in several configurations. */
#include <nntrain/verify.h>

#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comm/comm.h"
#include "comm/subset.h"
#include "kernels/dispatch.h"
#include "train/run.h"

/* Most numbers of ranks or threads tried by default: 1, 2, 3, powers of two, all. */
#define DEFAULT_COUNTS 40
/* Most instruction sets of a processor. */
#define MOST_KERNELS 8

typedef struct verification {
  nnt_comm *comm;
  const nnt_verify_options *options;
  nnt_train_options train;
  int rank_counts[DEFAULT_COUNTS], thread_counts[DEFAULT_COUNTS];
  const int *ranks, *threads;
  int rank_count, thread_count;
  bool other_kernels[MOST_KERNELS]; /* to be tried, indexed as nnt_kernels_all */
  nnt_verify_line line;             /* NULL except on rank 0 */
  void *context;
  double *losses, *first_losses; /* [steps] of the current row and of the first */
  nnt_verify_row first, worst;   /* the first row, and the first that differs from it */
  nnt_verify_result result;
} verification;

/* A configuration on the active ranks. */
typedef struct way {
  int threads;
  nnt_allreduce allreduce;
  const nnt_kernels *kernels; /* NULL: each rank's default */
} way;

int nnt_verify_subset(int most, int size, int *out) {
  int count = 0;
  for (int i = 1; i <= most && count < size; ++i) {
    if (i <= 3 || i == most || (i & (i - 1)) == 0) out[count++] = i;
  }
  return count;
}

/* The index in nnt_kernels_all of the kernels that all ranks of `comm` use; -1 when they differ.
 * Collective. */
static nnt_status find_kernels(nnt_comm *comm, int *out, nnt_error *error) {
  const nnt_kernels *const *all = nnt_kernels_all();
  const nnt_kernels *chosen = NULL;
  int64_t index = 0;
  nnt_status status = nnt_kernels_choose(&chosen, error);
  status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK) return status;
  while (all[index] != chosen) ++index;
  int64_t ends[2] = {index, -index};
  status = nnt_comm_max_int(comm, ends, 2, error);
  *out = ends[0] == -ends[1] ? (int)index : -1;
  return status;
}

/* The kernels to try besides those in use: all with the same rounding that every rank supports,
 * unless NNTRAIN_ISA names one. Collective. */
static nnt_status find_others(verification *v, nnt_error *error) {
  const nnt_kernels *const *all = nnt_kernels_all();
  const char *named = getenv("NNTRAIN_ISA");
  int own = 0;
  nnt_status status = find_kernels(v->comm, &own, error);
  for (int i = 0; all[i] != NULL && i < MOST_KERNELS && status == NNT_OK; ++i) {
    bool fused = strcmp(all[i]->isa, "baseline") != 0;
    bool wanted = named == NULL || named[0] == '\0';
    int64_t missing = !fused || !wanted || i == own || !nnt_kernels_supported(all[i]);
    status = nnt_comm_max_int(v->comm, &missing, 1, error);
    v->other_kernels[i] = missing == 0;
  }
  return status;
}

static uint64_t bits_of(double value) {
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* Compares the row with the first, on rank 0. */
static void judge(verification *v, nnt_verify_row *row) {
  int64_t steps = v->options->steps;
  row->first = v->result.rows == 0;
  if (row->first) {
    memcpy(v->first_losses, v->losses, (size_t)steps * sizeof *v->losses);
    v->first = *row;
  }
  for (int64_t i = 0; i < steps && row->different_step == 0; ++i) {
    if (bits_of(v->losses[i]) != bits_of(v->first_losses[i])) row->different_step = i + 1;
  }
  bool same = strcmp(row->digest, v->first.digest) == 0 && row->trouble[0] == '\0';
  if (row->different_step == 0 && !same) row->different_step = steps;
  row->same = row->different_step == 0;
  if (!row->same && v->result.different++ == 0) v->worst = *row;
  if (v->line != NULL) v->line(v->context, row);
}

/* One row. A failure of the first row is an error; of a later one, a difference. */
static nnt_status try_way(verification *v, nnt_comm *active, nnt_run *run, const way *how,
                          nnt_error *error) {
  nnt_probe probe = {.steps = v->options->steps, .losses = v->losses};
  nnt_verify_row row = {.ranks = nnt_comm_size(active),
                        .nodes = nnt_comm_nodes(active),
                        .threads = how->threads,
                        .allreduce = how->allreduce};
  memset(v->losses, 0, (size_t)probe.steps * sizeof *v->losses);
  int kernels = 0;
  nnt_kernels_force(how->kernels);
  nnt_status status = find_kernels(active, &kernels, error);
  (void)snprintf(row.isa, sizeof row.isa, "%s",
                 kernels >= 0 ? nnt_kernels_all()[kernels]->isa : "mixed");
  if (status == NNT_OK)
    status = nnt_run_probe(run, how->allreduce, how->threads, &probe, row.digest, error);
  nnt_kernels_force(NULL);
  bool broke_off = status == NNT_NON_FINITE || status == NNT_DIFFERENT;
  if (broke_off && (v->result.rows > 0 || status == NNT_DIFFERENT)) {
    (void)snprintf(row.trouble, sizeof row.trouble, "%.100s: %.150s", error->what, error->where);
    status = NNT_OK;
  }
  row.step_seconds = probe.step_seconds;
  if (status == NNT_OK && nnt_comm_rank(active) == 0) judge(v, &row);
  ++v->result.rows;
  return status;
}

/* The other allreduce, and the other instruction sets. */
static nnt_status try_others(verification *v, nnt_comm *active, nnt_run *run, nnt_error *error) {
  const nnt_kernels *const *all = nnt_kernels_all();
  way how = {.threads = v->threads[v->thread_count - 1], .allreduce = v->train.allreduce};
  nnt_status status = NNT_OK;
  for (int i = 0; i < MOST_KERNELS && status == NNT_OK; ++i) {
    if (!v->other_kernels[i]) continue;
    how.kernels = all[i];
    status = try_way(v, active, run, &how, error);
  }
  how.kernels = NULL;
  how.allreduce =
      v->train.allreduce == NNT_ALLREDUCE_AUTO ? NNT_ALLREDUCE_FLAT : NNT_ALLREDUCE_AUTO;
  if (status == NNT_OK && nnt_comm_size(active) > 1) status = try_way(v, active, run, &how, error);
  return status;
}

/* All configurations on the active ranks, of which this is one. */
static nnt_status try_active(verification *v, nnt_comm *active, nnt_error *error) {
  nnt_run *run = NULL;
  nnt_status status = nnt_run_create(active, &v->train, &run, error);
  for (int i = 0; i < v->thread_count && status == NNT_OK; ++i) {
    way how = {.threads = v->threads[i], .allreduce = v->train.allreduce};
    status = try_way(v, active, run, &how, error);
  }
  if (status == NNT_OK) status = try_others(v, active, run, error);
  nnt_run_destroy(&run);
  return status;
}

static nnt_status try_ranks(verification *v, int ranks, nnt_error *error) {
  nnt_comm *active = NULL;
  nnt_status status = nnt_comm_subset(v->comm, ranks, &active, error);
  status = nnt_comm_agree(v->comm, status, error);
  if (status == NNT_OK && active != NULL) status = try_active(v, active, error);
  nnt_comm_destroy(&active);
  nnt_error ignored;
  nnt_status rested = nnt_comm_rest(v->comm, status == NNT_OK ? error : &ignored);
  status = nnt_comm_agree(v->comm, status != NNT_OK ? status : rested, error);
  if (status != NNT_OK) return status;
  return nnt_comm_broadcast(v->comm, 0, &v->result, sizeof v->result, error);
}

static nnt_status fail_different(const verification *v, nnt_error *error) {
  const nnt_verify_row *row = &v->worst, *first = &v->first;
  const char *names[] = {[NNT_ALLREDUCE_AUTO] = "auto", [NNT_ALLREDUCE_FLAT] = "flat"};
  char what[360];
  if (row->trouble[0] != '\0')
    (void)snprintf(what, sizeof what, "%s", row->trouble);
  else
    (void)snprintf(what, sizeof what, "step %" PRId64 " of %" PRId64 " differs from %d x %d, %s",
                   row->different_step, v->options->steps, first->ranks, first->threads,
                   first->isa);
  return nnt_fail(error, NNT_DIFFERENT,
                  "%d of %d configurations differ\n%d x %d (ranks x threads), --allreduce %s, %s: "
                  "%s\nlook for different binaries, libraries or CPUs among the hosts, or bad "
                  "memory: verify on single hosts, and exclude the one that differs",
                  v->result.different, v->result.rows, row->ranks, row->threads,
                  names[row->allreduce], row->isa, what);
}

/* What is to be tried: the given lists, or the default ones. */
static nnt_status settle(verification *v, nnt_error *error) {
  const nnt_verify_options *options = v->options;
  int size = nnt_comm_size(v->comm);
  int threads = v->train.threads > 0 ? v->train.threads : omp_get_max_threads();
  bool wrong = options->steps < 1 || options->rank_count < 0 || options->thread_count < 0;
  v->rank_count = options->rank_count;
  v->ranks = options->ranks;
  v->thread_count = options->thread_count;
  v->threads = options->threads;
  if (v->rank_count == 0) {
    v->rank_count = nnt_verify_subset(size, DEFAULT_COUNTS, v->rank_counts);
    v->ranks = v->rank_counts;
  }
  if (v->thread_count == 0) {
    v->thread_count = nnt_verify_subset(threads, DEFAULT_COUNTS, v->thread_counts);
    v->threads = v->thread_counts;
  }
  for (int i = 0; i < v->rank_count; ++i) wrong = wrong || v->ranks[i] < 1 || v->ranks[i] > size;
  for (int i = 0; i < v->thread_count; ++i) wrong = wrong || v->threads[i] < 1;
  if (wrong)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "nothing to verify\nsteps, ranks or threads out of range, with %d ranks\n"
                    "correct them",
                    size);
  size_t bytes = (size_t)options->steps * sizeof(double);
  v->losses = calloc((size_t)options->steps, sizeof *v->losses);
  v->first_losses = calloc((size_t)options->steps, sizeof *v->losses);
  if (v->losses == NULL || v->first_losses == NULL)
    return nnt_fail_memory(error, 2 * bytes, "the losses");
  return NNT_OK;
}

static nnt_status verify(verification *v, nnt_error *error) {
  nnt_status status = find_others(v, error);
  for (int i = 0; i < v->rank_count && status == NNT_OK; ++i)
    status = try_ranks(v, v->ranks[i], error);
  if (status != NNT_OK) return status;
  bool promised = v->train.reduction == NNT_REDUCTION_EXACT;
  if (promised && v->result.different > 0 && nnt_comm_rank(v->comm) == 0)
    status = fail_different(v, error);
  return nnt_comm_agree(v->comm, status, error);
}

nnt_status nnt_verify(nnt_comm *comm, const nnt_verify_options *options, nnt_verify_line line,
                      void *context, nnt_verify_result *out, nnt_error *error) {
  verification v = {.comm = comm,
                    .options = options,
                    .train = *options->train,
                    .line = nnt_comm_rank(comm) == 0 ? line : NULL,
                    .context = context};
  v.train.validation = (nnt_data_place){.path = NULL};
  v.train.dry_run = false;
  /* With the flat allreduce the digest covers only rank 0's copy: compare the others with it. */
  if (v.train.check_every == 0) v.train.check_every = options->steps;
  nnt_status status = settle(&v, error);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = verify(&v, error);
  *out = v.result;
  free(v.losses);
  free(v.first_losses);
  return status;
}
