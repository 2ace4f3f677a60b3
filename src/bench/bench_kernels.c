/* nnt_bench_kernels: matrix products and elementwise kernels against the limits of the machine. */
#include <inttypes.h>
#include <math.h>
#include <nntrain/bench.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "base/rng.h"
#include "bench/sampling.h"
#include "kernels/gemm.h"

/* Where rows go, and the limits at the current number of threads. */
typedef struct bench {
  const nnt_kernels *kernels;
  int threads;
  double seconds;
  double bandwidth;
  nnt_bench_line line;
  void *context;
} bench;

static void report(const bench *b, const char *group, const char *name, nnt_timing timing,
                   double work, const char *unit, double limit, const char *limit_name) {
  nnt_bench_row row = {.threads = b->threads,
                       .seconds = timing.seconds,
                       .spread = timing.spread,
                       .rate = work / timing.seconds * 1e-9,
                       .fraction = limit > 0.0 ? work / timing.seconds / limit : (double)NAN};
  (void)snprintf(row.group, sizeof row.group, "%s", group);
  (void)snprintf(row.name, sizeof row.name, "%s", name);
  (void)snprintf(row.unit, sizeof row.unit, "%s", unit);
  (void)snprintf(row.limit, sizeof row.limit, "%s", limit_name);
  b->line(b->context, &row);
}

/* A product with its operands. */
typedef struct product {
  const bench *bench;
  bool transposed;
  nnt_gemm_nn_call call;
  nnt_granules granules; /* of A'B */
} product;

static void run_product(void *context) {
  const product *p = context;
#pragma omp parallel num_threads(p->bench->threads)
  {
    nnt_team team = {.thread = omp_get_thread_num(), .threads = omp_get_num_threads()};
    nnt_gemm_tn_call transposed = {
        .a = p->call.a, .b = p->call.b, .c = p->call.c, .granules = &p->granules};
    if (p->transposed)
      nnt_gemm_tn(p->bench->kernels, team, &transposed);
    else
      nnt_gemm_nn(p->bench->kernels, team, &p->call);
  }
}

static nnt_status create_matrix(int64_t rows, int64_t columns, nnt_panels *out, nnt_error *error) {
  void *memory = NULL;
  int64_t floats = nnt_panels_floats(rows, columns);
  nnt_status status =
      nnt_memory_allocate((size_t)floats * sizeof(float), "a matrix", &memory, error);
  *out = (nnt_panels){memory, rows, columns, rows * NNT_PANEL};
  for (int64_t i = 0; i < floats && status == NNT_OK; ++i)
    out->data[i] = nnt_rng_uniform(1, NNT_RNG_SYNTHETIC_DATA, 0, (uint64_t)i) - 0.5F;
  return status;
}

/* AB, or with granules A'B, whose inner dimension is summed granule by granule. */
static nnt_status bench_product(const bench *b, int64_t granules, int64_t rows, int64_t columns,
                                int64_t k, nnt_error *error) {
  enum { MOST_GRANULES = 64 };
  bool transposed = granules > 0;
  product p = {.bench = b, .transposed = transposed};
  char name[96], parts[40] = "";
  int64_t begin[MOST_GRANULES + 1];
  nnt_sum_tree plan = {0};
  for (int64_t g = 0; g <= granules && granules > 0; ++g)
    begin[g] = nnt_partition_begin(k, granules, g);
  nnt_status status = nnt_sum_tree_create(granules, NULL, 0, granules, &plan, error);
  p.granules = (nnt_granules){granules, plan.steps, begin};
  if (granules > 1) (void)snprintf(parts, sizeof parts, ", %" PRId64 " granules", granules);
  if (status == NNT_OK)
    status = create_matrix(transposed ? k : rows, transposed ? rows : k, &p.call.a, error);
  if (status == NNT_OK) status = create_matrix(k, columns, &p.call.b, error);
  if (status == NNT_OK) status = create_matrix(rows, columns, &p.call.c, error);
  if (status == NNT_OK) {
    (void)snprintf(name, sizeof name, "%s %" PRId64 "x%" PRId64 "x%" PRId64 "%s",
                   transposed ? "A'B" : "AB ", rows, columns, k, parts);
    /* The clock frequency varies with the load: the peak is measured before and after. */
    double before = nnt_bench_peak(b->kernels, b->threads, 0.2 * b->seconds);
    nnt_timing timing = nnt_bench_time(run_product, &p, b->seconds);
    double after = nnt_bench_peak(b->kernels, b->threads, 0.2 * b->seconds);
    report(b, "gemm", name, timing, 2.0 * (double)(rows * columns * k), "GFLOP/s",
           0.5 * (before + after), "peak");
  }
  nnt_sum_tree_clear(&plan);
  free(p.call.a.data);
  free(p.call.b.data);
  free(p.call.c.data);
  return status;
}

/* Rows x columns x inner dimension; AB is forward and input gradient, A'B the weight gradient. */
static nnt_status bench_products(const bench *b, nnt_error *error) {
  static const int64_t shapes[][3] = {{1024, 1024, 1024}, {128, 512, 784}, {127, 509, 781},
                                      {128, 512, 512},    {128, 10, 512},  {1024, 2048, 2048},
                                      {1024, 300, 300},   {32, 16, 784},   {10, 100, 784}};
  nnt_status status = NNT_OK;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes && status == NNT_OK; ++i) {
    const int64_t *s = shapes[i];
    status = bench_product(b, 0, s[0], s[1], s[2], error);
    if (status == NNT_OK) status = bench_product(b, 1, s[2], s[1], s[0], error);
    /* the default granules of a batch of s[0] samples */
    int64_t granules = 1;
    while (4 * granules * granules <= s[0]) granules *= 2;
    if (status == NNT_OK) status = bench_product(b, granules, s[2], s[1], s[0], error);
  }
  return status;
}

/* An elementwise kernel over `floats` floats of three arrays. */
typedef struct sweep {
  const bench *bench;
  nnt_activation activation;
  bool derive;
  int64_t floats;
  float *arrays[3];
} sweep;

static void sweep_range(const sweep *s, int64_t begin, int64_t count, bool update) {
  const nnt_activation_kernels *e = s->bench->kernels->activation;
  static const nnt_update_step step = {
      .learning_rate = 1e-9, .momentum = 0.9, .weight_decay = 1e-4};
  if (update)
    s->bench->kernels->update->apply[NNT_SGD](&step, s->arrays[0] + begin,
                                              (nnt_update_state){s->arrays[1] + begin, NULL},
                                              s->arrays[2] + begin, count);
  else if (s->derive)
    e->derive[s->activation](s->arrays[0] + begin, s->arrays[1] + begin, count);
  else
    e->activate[s->activation](s->arrays[0] + begin, s->arrays[1] + begin, count);
}

static void run_sweep(const sweep *s, bool update) {
  int64_t lines = s->floats / NNT_PANEL;
#pragma omp parallel num_threads(s->bench->threads)
  {
    int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    sweep_range(s, nnt_partition_begin(lines, threads, thread) * NNT_PANEL,
                nnt_partition_count(lines, threads, thread) * NNT_PANEL, update);
  }
}

static void run_activation(void *context) {
  run_sweep(context, false);
}

static void run_update(void *context) {
  run_sweep(context, true);
}

static void run_softmax(void *context) {
  const sweep *s = context;
  int64_t rows = s->floats / NNT_PANEL;
  nnt_panels logits = {s->arrays[0], rows, 10, s->floats}, gradient = logits;
  gradient.data = s->arrays[1];
#pragma omp parallel num_threads(s->bench->threads)
  {
    int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    nnt_rows part = {.logits = logits,
                     .gradient = gradient,
                     .loss = s->arrays[2],
                     .scale = 1.0F,
                     .begin = nnt_partition_begin(rows, threads, thread),
                     .end = nnt_partition_begin(rows, threads, thread + 1)};
    s->bench->kernels->elementwise->softmax(&part);
  }
}

/* In cache (64 Ki floats per thread) arithmetic dominates; the update is memory-bound. */
static nnt_status bench_sweeps(const bench *b, nnt_error *error) {
  sweep s = {.bench = b, .floats = (int64_t)65536 * b->threads};
  const int64_t large = (int64_t)1 << 24;
  nnt_status status = NNT_OK;
  for (int i = 0; i < 3 && status == NNT_OK; ++i) {
    void *memory = NULL;
    status =
        nnt_memory_allocate((size_t)(large + s.floats) * sizeof(float), "arrays", &memory, error);
    s.arrays[i] = memory;
  }
  for (int a = 0; a < NNT_ACTIVATION_COUNT && status == NNT_OK; ++a) {
    if (a == NNT_IDENTITY) continue;
    char name[64];
    s.activation = (nnt_activation)a;
    s.derive = false;
    (void)snprintf(name, sizeof name, "%s, in the cache", nnt_activation_name(s.activation));
    report(b, "elementwise", name, nnt_bench_time(run_activation, &s, b->seconds), (double)s.floats,
           "Gelement/s", 0.0, "");
  }
  if (status == NNT_OK) {
    report(b, "elementwise", "softmax of 10, in the cache",
           nnt_bench_time(run_softmax, &s, b->seconds), 10.0 * (double)s.floats / NNT_PANEL,
           "Gelement/s", 0.0, "");
    s.floats = large;
    report(b, "elementwise", "sgd with momentum, 16 M floats",
           nnt_bench_time(run_update, &s, b->seconds), 5.0 * sizeof(float) * (double)large, "GB/s",
           b->bandwidth, "memory");
  }
  for (int i = 0; i < 3; ++i) free(s.arrays[i]);
  return status;
}

static nnt_status bench_on(bench *b, nnt_error *error) {
  nnt_status status = nnt_bench_bandwidth(b->threads, b->seconds, &b->bandwidth, error);
  if (status != NNT_OK) return status;
  double peak = nnt_bench_peak(b->kernels, b->threads, b->seconds);
  report(b, "limit", "multiply-adds on registers", (nnt_timing){1.0, 0.0}, peak, "GFLOP/s", 0.0,
         "");
  report(b, "limit", "memory, y += a x", (nnt_timing){1.0, 0.0}, b->bandwidth, "GB/s", 0.0, "");
  status = bench_products(b, error);
  return status == NNT_OK ? bench_sweeps(b, error) : status;
}

nnt_status nnt_bench_kernels(const nnt_bench_options *options, nnt_bench_line line, void *context,
                             nnt_error *error) {
  bench b = {.seconds = options->seconds, .line = line, .context = context};
  int most = options->threads > 0 ? options->threads : omp_get_max_threads();
  nnt_status status = nnt_kernels_choose(&b.kernels, error);
  for (b.threads = 1; status == NNT_OK; b.threads = most) {
    status = bench_on(&b, error);
    if (b.threads == most) break;
  }
  return status;
}
