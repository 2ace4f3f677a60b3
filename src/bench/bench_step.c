/* nnt_bench_steps: whole training steps on synthetic data. */
#include <nntrain/bench.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/partition.h"
#include "base/rng.h"
#include "bench/sampling.h"
#include "comm/binding.h"
#include "comm/comm.h"
#include "net/initialize.h"
#include "step/step.h"

/* Samples of the synthetic set: larger than the caches, and at least eight batches. */
#define SAMPLES 16384

static const nnt_bench_workload workloads[] = {
    {"digits", 784, 10, 2, {16, 16}, NNT_SIGMOID, 32},
    {"nielsen", 784, 10, 1, {100}, NNT_SIGMOID, 10},
    {"nf", 784, 10, 1, {30}, NNT_SIGMOID, 1200},
    {"fashion", 784, 10, 2, {512, 512}, NNT_RELU, 128},
    {"higgs", 28, 2, 4, {300, 300, 300, 300}, NNT_TANH, 1024},
    {"wide", 784, 10, 3, {2048, 2048, 2048}, NNT_RELU, 1024}};

const nnt_bench_workload *nnt_bench_workload_at(int index) {
  bool exists = index >= 0 && (size_t)index < sizeof workloads / sizeof *workloads;
  return exists ? &workloads[index] : NULL;
}

/* The state of a measurement. */
typedef struct bench {
  nnt_comm *comm;
  const nnt_bench_workload *workload;
  int threads;
  nnt_reduction_kind reduction;
  nnt_model model;
  uint8_t *x;
  int32_t *classes;
  nnt_samples samples;
  nnt_stepper *stepper;
  int64_t steps; /* done */
} bench;

static nnt_status create_samples(bench *b, nnt_error *error) {
  const nnt_bench_workload *w = b->workload;
  int64_t count = nnt_max_i64(SAMPLES, 8 * w->batch_size);
  void *x = NULL, *classes = NULL;
  nnt_status status =
      nnt_memory_allocate((size_t)(count * w->inputs), "synthetic samples", &x, error);
  if (status == NNT_OK)
    status =
        nnt_memory_allocate((size_t)count * sizeof(int32_t), "synthetic labels", &classes, error);
  b->x = x;
  b->classes = classes;
  for (int64_t i = 0; i < count * w->inputs && status == NNT_OK; i += 4) {
    nnt_rng_block block = nnt_rng_words(1, NNT_RNG_SYNTHETIC_DATA, 0, (uint64_t)i);
    for (int64_t j = 0; j < 4 && i + j < count * w->inputs; ++j)
      b->x[i + j] = (uint8_t)block.word[j];
  }
  for (int64_t i = 0; i < count && status == NNT_OK; ++i) b->classes[i] = (int32_t)(i % w->outputs);
  b->samples = (nnt_samples){
      .count = count, .features = w->inputs, .element = NNT_U8, .x = b->x, .classes = b->classes};
  return status;
}

static nnt_status create_model(bench *b, nnt_error *error) {
  const nnt_bench_workload *w = b->workload;
  b->model.loss = NNT_CROSS_ENTROPY;
  b->model.target = NNT_TARGET_CLASS;
  nnt_status status = nnt_model_set_layers(&b->model, w->inputs, w->hidden_count, w->hidden, 1,
                                           &w->activation, w->outputs, error);
  if (status == NNT_OK) status = nnt_model_allocate_normalization(&b->model, error);
  for (int64_t i = 0; i < w->inputs && status == NNT_OK; ++i) b->model.scale[i] = 1.0F / 255.0F;
  return status;
}

static nnt_status create(bench *b, nnt_error *error) {
  nnt_train_options options;
  nnt_train_options_default(&options);
  options.batch_size = b->workload->batch_size;
  options.optimizer.momentum = 0.0;
  options.reduction = b->reduction;
  nnt_status status = create_model(b, error);
  if (status == NNT_OK) status = create_samples(b, error);
  status = nnt_comm_agree(b->comm, status, error);
  if (status == NNT_OK)
    status = nnt_stepper_create(b->comm, &b->model, &b->samples, &options, b->threads, &b->stepper,
                                error);
  if (status != NNT_OK) return status;
  if (nnt_stepper_writes(b->stepper))
    nnt_initialize(nnt_stepper_layout(b->stepper), NNT_INIT_DEFAULT, 1,
                   nnt_stepper_parameters(b->stepper));
  return nnt_stepper_sync(b->stepper, error);
}

static nnt_status step(bench *b, nnt_step_times *times, nnt_error *error) {
  int64_t batch = b->workload->batch_size;
  int64_t batches = b->samples.count / batch;
  nnt_sample_order order = nnt_sample_order_of(b->samples.count, 1, b->steps / batches);
  double loss = 0.0;
  return nnt_stepper_run(b->stepper, &order, b->steps++ % batches * batch, batch, 1e-3, &loss,
                         times, error);
}

/* Medians of all parts over `steps` steps. */
static nnt_status measure(bench *b, int64_t steps, nnt_bench_step *out, nnt_error *error) {
  enum { PARTS = 6 };
  void *memory = NULL;
  nnt_status status =
      nnt_memory_allocate((size_t)(PARTS * steps) * sizeof(double), "timings", &memory, error);
  double *values = memory;
  status = nnt_comm_agree(b->comm, status, error);
  for (int64_t i = 0; i < steps && status == NNT_OK; ++i) {
    nnt_step_times times;
    double started = nnt_clock_seconds();
    status = step(b, &times, error);
    const double parts[PARTS] = {nnt_clock_seconds() - started,
                                 times.gather,
                                 times.forward,
                                 times.backward,
                                 times.exchange,
                                 times.update};
    for (int p = 0; p < PARTS; ++p) values[p * steps + i] = parts[p];
  }
  if (status == NNT_OK) {
    nnt_timing medians[PARTS];
    for (int p = 0; p < PARTS; ++p) medians[p] = nnt_bench_median(values + p * steps, (int)steps);
    *out = (nnt_bench_step){.step = medians[0].seconds,
                            .gather = medians[1].seconds,
                            .forward = medians[2].seconds,
                            .backward = medians[3].seconds,
                            .exposed = medians[4].seconds,
                            .update = medians[5].seconds,
                            .spread = medians[0].spread};
  }
  nnt_memory_free(&memory);
  return status;
}

/* A multiply-add counts as two; the first layer needs no input gradient. */
static double flops_of(const nnt_model *model, int64_t batch) {
  double sum = 0.0;
  for (int l = 0; l < model->layer_count; ++l)
    sum += (l == 0 ? 4.0 : 6.0) * (double)(model->layers[l].inputs * model->layers[l].outputs);
  return sum * (double)batch;
}

/* The exchange alone, after the steps. */
static nnt_status measure_exchange(bench *b, nnt_bench_step *out, nnt_error *error) {
  enum { RUNS = 15 };
  double values[RUNS];
  nnt_status status = NNT_OK;
  for (int i = 0; i < RUNS && status == NNT_OK; ++i) {
    double started = nnt_clock_seconds();
    status = nnt_stepper_exchange(b->stepper, error);
    values[i] = nnt_clock_seconds() - started;
  }
  if (status == NNT_OK) out->exchange = nnt_bench_median(values, RUNS).seconds;
  return status;
}

static nnt_status run(bench *b, double seconds, nnt_bench_step *out, nnt_error *error) {
  const nnt_kernels *kernels = NULL;
  int64_t steps = 1;
  nnt_status status = nnt_kernels_choose(&kernels, error);
  double started = 0.0;
  for (int i = 0; i < 5 && status == NNT_OK; ++i) {
    if (i == 2) started = nnt_clock_seconds();
    status = step(b, NULL, error);
  }
  if (status != NNT_OK) return status;
  double once = (nnt_clock_seconds() - started) / 3.0;
  steps = nnt_max_i64(11, nnt_min_i64((int64_t)(seconds / once), 100000));
  status = nnt_comm_max_int(b->comm, &steps, 1, error);
  double before = nnt_bench_peak(kernels, b->threads, 0.3);
  if (status == NNT_OK) status = measure(b, steps, out, error);
  if (status == NNT_OK && nnt_comm_size(b->comm) > 1) status = measure_exchange(b, out, error);
  double after = nnt_bench_peak(kernels, b->threads, 0.3);
  if (status != NNT_OK) return status;
  double peak = 0.5 * (before + after) * nnt_comm_size(b->comm);
  double flops = flops_of(&b->model, b->workload->batch_size);
  out->samples_per_second = (double)b->workload->batch_size / out->step;
  out->gflops = flops / out->step * 1e-9;
  out->fraction = flops / out->step / peak;
  out->threads = nnt_stepper_threads(b->stepper);
  return NNT_OK;
}

nnt_status nnt_bench_steps(nnt_comm *comm, const nnt_bench_workload *workload,
                           const nnt_bench_options *options, nnt_bench_step *out,
                           nnt_error *error) {
  bench b = {.comm = comm, .workload = workload, .reduction = options->reduction, .threads = 1};
  memset(out, 0, sizeof *out);
  nnt_status status = nnt_binding_settle(comm, options->threads, &b.threads, error);
  if (status == NNT_OK) status = create(&b, error);
  if (status == NNT_OK) status = run(&b, options->seconds, out, error);
  status = nnt_comm_agree(comm, status, error);
  nnt_stepper_destroy(&b.stepper);
  nnt_model_clear(&b.model);
  free(b.x);
  free(b.classes);
  return status;
}
