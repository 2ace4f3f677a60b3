/* One synchronous update. */
#include "train/step.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/partition.h"
#include "comm/gradient_exchange.h"
#include "data/loader.h"
#include "net/network.h"
#include "net/optimizer.h"

struct nnt_stepper {
  nnt_comm *comm;
  nnt_layout layout;
  int64_t capacity; /* rows of this rank in a full batch, at most */
  nnt_network *network;
  nnt_gradient_exchange *exchange;
  nnt_optimizer optimizer;
  nnt_loader loader;
  nnt_batch batch;
  double learning_rate; /* of the running step */
  double updating;      /* seconds of the running step's updates; measured only when asked */
  bool measure;
};

static nnt_status create_exchange(nnt_stepper *stepper, const nnt_train_options *options,
                                  nnt_error *error) {
  int64_t begin[NNT_MAX_LAYERS + 1];
  int layers = stepper->layout.layer_count;
  for (int l = 0; l < layers; ++l) begin[l] = nnt_layout_begin(&stepper->layout, l);
  begin[layers] = stepper->layout.floats;
  nnt_exchange_plan plan = {.buckets = layers,
                            .begin = begin,
                            .with_state = options->momentum > 0.0,
                            .mode = options->allreduce};
  return nnt_gradient_exchange_create(stepper->comm, &plan, &stepper->exchange, error);
}

nnt_status nnt_stepper_create(nnt_comm *comm, const nnt_model *model, const nnt_samples *samples,
                              const nnt_train_options *options, int threads, nnt_stepper **out,
                              nnt_error *error) {
  const nnt_kernels *kernels = NULL;
  *out = NULL;
  nnt_stepper *stepper = calloc(1, sizeof *stepper);
  nnt_status status = stepper != NULL ? nnt_kernels_choose(&kernels, error)
                                      : nnt_fail_memory(error, sizeof *stepper, "training");
  if (status == NNT_OK) {
    stepper->comm = comm;
    stepper->layout = nnt_layout_of(model);
    stepper->capacity =
        nnt_ceil_div(nnt_min_i64(options->batch_size, samples->count), nnt_comm_size(comm));
    status = nnt_network_create(model, kernels, stepper->capacity, true, threads, &stepper->network,
                                error);
  }
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = create_exchange(stepper, options, error);
  if (status != NNT_OK) {
    nnt_stepper_destroy(&stepper);
    return status;
  }
  stepper->optimizer = (nnt_optimizer){.kernels = kernels,
                                       .momentum = (float)options->momentum,
                                       .weight_decay = (float)options->weight_decay,
                                       .nesterov = options->nesterov,
                                       .threads = threads,
                                       .velocity = nnt_gradient_exchange_state(stepper->exchange)};
  stepper->loader = (nnt_loader){.kernels = kernels,
                                 .samples = samples,
                                 .shift = model->shift,
                                 .scale = model->scale,
                                 .threads = threads};
  stepper->batch = (nnt_batch){.inputs = nnt_network_inputs(stepper->network),
                               .targets = nnt_network_targets(stepper->network),
                               .classes = nnt_network_classes(stepper->network)};
  *out = stepper;
  return NNT_OK;
}

void nnt_stepper_destroy(nnt_stepper **stepper) {
  if (*stepper == NULL) return;
  nnt_gradient_exchange_destroy(&(*stepper)->exchange);
  nnt_network_destroy(&(*stepper)->network);
  free(*stepper);
  *stepper = NULL;
}

const nnt_layout *nnt_stepper_layout(const nnt_stepper *stepper) {
  return &stepper->layout;
}

float *nnt_stepper_parameters(nnt_stepper *stepper) {
  return nnt_gradient_exchange_parameters(stepper->exchange);
}

float *nnt_stepper_velocity(nnt_stepper *stepper) {
  return nnt_gradient_exchange_state(stepper->exchange);
}

bool nnt_stepper_writes(const nnt_stepper *stepper) {
  return nnt_gradient_exchange_writes(stepper->exchange);
}

int nnt_stepper_sharers(const nnt_stepper *stepper) {
  return nnt_gradient_exchange_sharers(stepper->exchange);
}

nnt_status nnt_stepper_sync(nnt_stepper *stepper, nnt_error *error) {
  return nnt_gradient_exchange_sync(stepper->exchange, error);
}

int nnt_stepper_threads(const nnt_stepper *stepper) {
  return nnt_network_threads(stepper->network, stepper->capacity);
}

static void gradient_ready(void *context, int layer) {
  nnt_stepper *stepper = context;
  nnt_gradient_exchange_start(stepper->exchange, layer);
}

static void range_ready(void *context, int layer, int64_t begin, int64_t end,
                        const float *gradients) {
  nnt_stepper *stepper = context;
  double started = stepper->measure ? nnt_clock_seconds() : 0.0;
  nnt_optimizer_update(&stepper->optimizer, &stepper->layout, layer, begin, end,
                       stepper->learning_rate, gradients, nnt_stepper_parameters(stepper));
  if (stepper->measure) stepper->updating += nnt_clock_seconds() - started;
}

nnt_status nnt_stepper_run(nnt_stepper *stepper, const nnt_sample_order *order, int64_t first,
                           int64_t batch, double learning_rate, double *loss, nnt_step_times *times,
                           nnt_error *error) {
  int64_t size = nnt_comm_size(stepper->comm), rank = nnt_comm_rank(stepper->comm);
  int64_t rows = nnt_partition_count(batch, size, rank);
  stepper->learning_rate = learning_rate;
  stepper->updating = 0.0;
  stepper->measure = times != NULL;
  double t0 = stepper->measure ? nnt_clock_seconds() : 0.0;
  nnt_loader_gather(&stepper->loader, order, first + nnt_partition_begin(batch, size, rank), rows,
                    &stepper->batch);
  double t1 = stepper->measure ? nnt_clock_seconds() : 0.0;
  nnt_network_step(stepper->network, nnt_stepper_parameters(stepper), rows, 1.0F / (float)batch,
                   nnt_gradient_exchange_gradients(stepper->exchange), gradient_ready, stepper);
  double t2 = stepper->measure ? nnt_clock_seconds() : 0.0;
  nnt_status status = nnt_gradient_exchange_finish(stepper->exchange, range_ready, stepper, error);
  if (status != NNT_OK) return status;
  *loss = (double)nnt_gradient_exchange_tail(stepper->exchange)[NNT_TAIL_LOSS];
  double middle = nnt_network_forward_end(stepper->network);
  if (times != NULL)
    *times = (nnt_step_times){.gather = t1 - t0,
                              .forward = middle - t1,
                              .backward = t2 - middle,
                              .exchange = nnt_clock_seconds() - t2 - stepper->updating,
                              .update = stepper->updating};
  return NNT_OK;
}
