/* One synchronous update. */
#include "step/step.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/partition.h"
#include "comm/gradient_exchange.h"
#include "data/loader.h"
#include "layers/layer_kind.h"
#include "layers/network.h"
#include "net/mixup.h"
#include "net/optimizer.h"
#include "net/partial_sums.h"
#include "step/batch_locator.h"
#include "step/sync_batch_norm.h"
#include "step/updater.h"

/* Between nodes a layer is sent in buckets of about this many floats, while the rest is computed.
 */
#define BUCKET_FLOATS (INT64_C(1) << 18)
/* Floats of a network whose update finds them in the cache: prefetching them only costs time. */
#define CACHED_FLOATS (INT64_C(1) << 21)

struct nnt_stepper {
  nnt_comm *comm;
  nnt_layout layout;
  int64_t capacity; /* rows of a part of a full batch, at most */
  nnt_network *network;
  nnt_gradient_exchange *exchange;
  nnt_exchange_share share;
  nnt_sync_batch_norm *whole; /* NULL: no layer needs the whole batch */
  nnt_batch_locator *locator;
  float share_of_own; /* with mixup, in the running batch */
  double mixup;
  int64_t *granule_begin; /* [share.count + 1] rows of this rank */
  int64_t parts;          /* in which this rank computes its part of a batch */
  nnt_partial_sums *sums; /* of the parts; NULL: there is one */
  nnt_updater *updater;
  const nnt_samples *samples;
  int threads;
  uint64_t seed;
  nnt_step_control control;
  const nnt_heartbeat *heartbeat; /* NULL: nobody watches */
  /* Seconds of the running step; measured only when asked. */
  double gathering, updating;
  bool measure;
  float scale; /* of the running batch */
};

static nnt_status create_exchange(nnt_stepper *stepper, const nnt_train_options *options,
                                  nnt_error *error) {
  bool alone = nnt_comm_nodes(stepper->comm) == 1 && options->allreduce == NNT_ALLREDUCE_AUTO;
  if (!alone) nnt_layout_cut(&stepper->layout, BUCKET_FLOATS);
  int buckets = nnt_layout_buckets(&stepper->layout);
  int64_t *begin = calloc((size_t)buckets + 1, sizeof *begin);
  nnt_status status = NNT_OK;
  if (begin == NULL)
    status = nnt_fail_memory(error, (size_t)buckets * sizeof *begin, "gradient exchange");
  status = nnt_comm_agree(stepper->comm, status, error);
  for (int i = 0; i <= buckets && status == NNT_OK; ++i)
    begin[i] = nnt_layout_bucket_begin(&stepper->layout, i);
  nnt_exchange_plan plan = {.buckets = buckets,
                            .begin = begin,
                            .states = nnt_optimizer_slots(&options->optimizer),
                            .scratch = nnt_optimizer_lines(&options->optimizer, &stepper->layout),
                            .granules = nnt_granules_of(options),
                            .mode = options->allreduce,
                            .threads = stepper->threads};
  if (status == NNT_OK)
    status = nnt_gradient_exchange_create(stepper->comm, &plan, &stepper->exchange, error);
  free(begin);
  return status;
}

/* The first row of granule `granule` in a batch of `batch` samples. */
static int64_t granule_row(const nnt_stepper *stepper, int64_t batch, int64_t granule) {
  return nnt_partition_begin(batch, stepper->share.granules, granule);
}

/* Network and batch of this rank's rows. Local. */
static nnt_status create_network(nnt_stepper *stepper, const nnt_model *model,
                                 const nnt_samples *samples, const nnt_train_options *options,
                                 int threads, nnt_error *error) {
  const nnt_exchange_share *share = &stepper->share;
  const nnt_kernels *kernels = NULL;
  int64_t batch = nnt_min_i64(options->batch_size, samples->count);
  nnt_input input = {.element = samples->element,
                     .features = samples->features,
                     .shift = model->shift,
                     .scale = model->scale};
  stepper->samples = samples;
  stepper->seed = options->seed;
  stepper->mixup = model->augmentation.mixup;
  stepper->parts = nnt_max_i64(nnt_min_i64(options->accumulate, share->count), 1);
  stepper->capacity =
      nnt_ceil_div(batch, share->granules) * nnt_ceil_div(share->count, stepper->parts);
  stepper->granule_begin = calloc((size_t)share->count + 1, sizeof *stepper->granule_begin);
  if (stepper->granule_begin == NULL)
    return nnt_fail_memory(error, (size_t)share->count * sizeof(int64_t), "training");
  nnt_status status = nnt_kernels_choose(&kernels, error);
  if (status == NNT_OK)
    status = nnt_network_create(model, kernels, &input, stepper->capacity, true, threads,
                                &stepper->network, error);
  if (status == NNT_OK)
    status = nnt_batch_locator_create(samples, stepper->network, stepper->capacity,
                                      stepper->parts == 1, threads, &stepper->locator, error);
  if (status == NNT_OK && stepper->parts > 1)
    status = nnt_partial_sums_create(
        share->granules, share->first, share->count, stepper->parts, stepper->layout.floats,
        nnt_gradient_exchange_gradients(stepper->exchange), threads, &stepper->sums, error);
  if (status != NNT_OK) return status;
  return nnt_updater_create(&options->optimizer, &stepper->layout, stepper->exchange, threads,
                            &stepper->updater, error);
}

nnt_status nnt_stepper_create(nnt_comm *comm, const nnt_model *model, const nnt_samples *samples,
                              const nnt_train_options *options, int threads, nnt_stepper **out,
                              nnt_error *error) {
  *out = NULL;
  nnt_stepper *stepper = calloc(1, sizeof *stepper);
  nnt_status status =
      stepper != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *stepper, "training");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) {
    stepper->comm = comm;
    stepper->layout = nnt_layout_of(model);
    stepper->threads = threads;
    status = create_exchange(stepper, options, error);
  }
  if (status == NNT_OK) {
    stepper->share = nnt_gradient_exchange_share(stepper->exchange);
    status = nnt_sync_batch_norm_create(comm, model, stepper->exchange, &stepper->whole, error);
  }
  if (status == NNT_OK) {
    status = create_network(stepper, model, samples, options, threads, error);
    status = nnt_comm_agree(comm, status, error);
  }
  if (status != NNT_OK) {
    nnt_stepper_destroy(&stepper);
    return status;
  }
  *out = stepper;
  return NNT_OK;
}

void nnt_stepper_destroy(nnt_stepper **stepper) {
  if (*stepper == NULL) return;
  nnt_updater_destroy(&(*stepper)->updater);
  nnt_partial_sums_destroy(&(*stepper)->sums);
  nnt_sync_batch_norm_destroy(&(*stepper)->whole);
  nnt_gradient_exchange_destroy(&(*stepper)->exchange);
  nnt_batch_locator_destroy(&(*stepper)->locator);
  nnt_network_destroy(&(*stepper)->network);
  free((*stepper)->granule_begin);
  free(*stepper);
  *stepper = NULL;
}

const nnt_layout *nnt_stepper_layout(const nnt_stepper *stepper) {
  return &stepper->layout;
}

float *nnt_stepper_parameters(nnt_stepper *stepper) {
  return nnt_gradient_exchange_parameters(stepper->exchange);
}

float *nnt_stepper_state(nnt_stepper *stepper, int slot) {
  return nnt_gradient_exchange_state(stepper->exchange, slot);
}

void nnt_stepper_go_on(nnt_stepper *stepper, int64_t updates) {
  nnt_updater_go_on(stepper->updater, updates);
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

nnt_step_control *nnt_stepper_control(nnt_stepper *stepper) {
  return &stepper->control;
}

bool nnt_stepper_control_travels(const nnt_stepper *stepper) {
  return stepper->share.plan->outputs > 0;
}

void nnt_stepper_watch(nnt_stepper *stepper, const nnt_heartbeat *heartbeat) {
  stepper->heartbeat = heartbeat;
  nnt_sync_batch_norm_watch(stepper->whole, heartbeat);
}

int nnt_stepper_threads(const nnt_stepper *stepper) {
  return nnt_network_threads(stepper->network, stepper->capacity);
}

static void gradient_ready(void *context, int bucket) {
  nnt_stepper *stepper = context;
  const nnt_heartbeat *heartbeat = omp_get_thread_num() == 0 ? stepper->heartbeat : NULL;
  nnt_heartbeat_phase(heartbeat, NNT_PHASE_EXCHANGE); /* it may wait for the node's ranks */
  nnt_gradient_exchange_start(stepper->exchange, bucket);
  nnt_heartbeat_phase(heartbeat, NNT_PHASE_COMPUTING);
}

static void poll(void *context) {
  nnt_stepper *stepper = context;
  nnt_gradient_exchange_poll(stepper->exchange);
}

static void range_ready(void *context, int bucket, int64_t begin, int64_t end,
                        const float *gradients) {
  nnt_stepper *stepper = context;
  double started = stepper->measure ? nnt_clock_seconds() : 0.0;
  (void)gradients;
  nnt_heartbeat_begin_update(stepper->heartbeat, nnt_updater_number(stepper->updater) + 1);
  nnt_updater_range(stepper->updater, bucket, begin, end);
  if (stepper->measure) stepper->updating += nnt_clock_seconds() - started;
}

/* With one rank there may be nothing to wait for: each tile of the gradient updates its weights. */
static void take_gradient(void *context, const nnt_tensor *tensor, int64_t offset,
                          const float *values, int64_t count) {
  nnt_stepper *stepper = context;
  nnt_updater_take(stepper->updater, tensor, offset, values, count);
}

static void expect_gradient(void *context, int64_t offset, int64_t count) {
  const nnt_stepper *stepper = context;
  nnt_updater_expect(stepper->updater, offset, count);
}

static bool updates_at_once(const nnt_stepper *stepper) {
  return nnt_comm_size(stepper->comm) == 1 && stepper->sums == NULL &&
         nnt_updater_is_immediate(stepper->updater);
}

/* Rows of this rank in the batch that begins at position `first`. */
static int64_t first_row(const nnt_stepper *stepper, int64_t batch) {
  return granule_row(stepper, batch, stepper->share.first);
}

static int64_t row_count(const nnt_stepper *stepper, int64_t batch) {
  return granule_row(stepper, batch, stepper->share.first + stepper->share.count) -
         first_row(stepper, batch);
}

/* Where the samples of the step after this one lie, when it is in the same epoch: a small batch is
 * prefetched while this one is computed. */
static void foresee(nnt_stepper *stepper, const nnt_sample_order *order, int64_t first,
                    int64_t batch, nnt_network_step_call *call) {
  int64_t left = stepper->samples->count - (first + batch);
  int64_t size = nnt_min_i64(batch, left);
  if (stepper->sums != NULL || left <= 0) return;
  const nnt_batch_part part = {.order = order,
                               .first = first + batch,
                               .batch = size,
                               .position = first_row(stepper, size),
                               .count = row_count(stepper, size)};
  call->next = nnt_batch_locator_foresee(stepper->locator, &part);
  call->next_count = call->next != NULL ? part.count : 0;
}

/* What all parts of a batch have in common. Granules [first, first + count) are in hand; their
 * samples are found. */
static nnt_network_step_call describe_step(nnt_stepper *stepper, const nnt_batch_part *whole,
                                           int64_t first, int64_t count, nnt_granules *granules) {
  int64_t batch = whole->batch;
  int64_t position = granule_row(stepper, batch, first);
  for (int64_t g = 0; g <= count; ++g)
    stepper->granule_begin[g] = granule_row(stepper, batch, first + g) - position;
  granules->count = count;
  granules->begin = stepper->granule_begin;
  nnt_batch_part part = *whole;
  part.position = position;
  part.count = stepper->granule_begin[count];
  double started = stepper->measure ? nnt_clock_seconds() : 0.0;
  nnt_batch_locator_find(stepper->locator, &part, stepper->share_of_own);
  if (stepper->measure) stepper->gathering += nnt_clock_seconds() - started;
  return (nnt_network_step_call){.layout = &stepper->layout,
                                 .parameters = nnt_stepper_parameters(stepper),
                                 .rows = part.count,
                                 .seed = stepper->seed,
                                 .update = nnt_updater_number(stepper->updater),
                                 .position = position,
                                 .batch = batch,
                                 .share = stepper->share_of_own,
                                 .scale = stepper->scale,
                                 .weighted = stepper->samples->weights != NULL,
                                 .granules = granules,
                                 .context = stepper};
}

/* This rank's forward and backward pass; the exchange of the gradients is started on the way. */
static void compute(nnt_stepper *stepper, const nnt_batch_part *whole) {
  const nnt_exchange_share *share = &stepper->share;
  bool alone = nnt_comm_size(stepper->comm) == 1;
  nnt_granules granules = {.steps = share->plan->steps};
  nnt_network_step_call call = describe_step(stepper, whole, share->first, share->count, &granules);
  call.outputs = share->plan->outputs;
  call.gradients = nnt_gradient_exchange_gradients(stepper->exchange);
  call.control = &stepper->control;
  call.whole = nnt_sync_batch_norm_of(stepper->whole, whole->batch);
  foresee(stepper, whole->order, whole->first, whole->batch, &call);
  call.ready = gradient_ready;
  call.poll = alone ? NULL : poll;
  call.take = updates_at_once(stepper) ? take_gradient : NULL;
  bool prefetches = call.take != NULL && stepper->layout.floats > CACHED_FLOATS;
  call.expect = prefetches ? expect_gradient : NULL;
  nnt_network_step(stepper->network, &call);
}

static void start_all(nnt_stepper *stepper) {
  const nnt_layout *layout = &stepper->layout;
  for (int l = layout->layer_count - 1; l >= 0; --l) {
    for (int i = layout->first_bucket[l]; i < layout->first_bucket[l + 1]; ++i)
      nnt_gradient_exchange_start(stepper->exchange, i);
  }
}

/* The same part by part, and then the exchange. */
static void compute_parts(nnt_stepper *stepper, const nnt_batch_part *whole) {
  for (int64_t i = 0; i < stepper->parts; ++i) {
    const nnt_sum_part *part = nnt_partial_sums_part(stepper->sums, i);
    nnt_granules granules = {.steps = part->plan.steps};
    nnt_network_step_call call = describe_step(stepper, whole, part->first, part->count, &granules);
    call.outputs = part->plan.outputs;
    call.gradients = nnt_partial_sums_arena(stepper->sums);
    call.control = i == 0 ? &stepper->control : NULL; /* summed like the gradients */
    nnt_network_step(stepper->network, &call);
    nnt_partial_sums_take(stepper->sums, i);
  }
  /* The flags of the first part may lie in a sum that is not this rank's first. */
  float *tail = nnt_gradient_exchange_gradients(stepper->exchange) + stepper->layout.tail;
  nnt_step_control control = stepper->control;
  control.loss = tail[0];
  memcpy(tail, &control, sizeof control);
  start_all(stepper);
}

/* What divides the sum over a batch: its samples, or their weights. Without any weight the step is
 * one without a gradient. */
static float scale_of(const nnt_stepper *stepper, const nnt_sample_order *order, int64_t first,
                      int64_t batch) {
  if (stepper->samples->weights == NULL) return 1.0F / (float)batch;
  double weight = nnt_loader_weight(stepper->samples, order, first, batch, stepper->threads);
  return weight > 0.0 ? (float)(1.0 / weight) : 0.0F;
}

nnt_status nnt_stepper_run(nnt_stepper *stepper, const nnt_sample_order *order, int64_t first,
                           int64_t batch, double learning_rate, double *loss, nnt_step_times *times,
                           nnt_error *error) {
  nnt_updater_begin(stepper->updater, learning_rate);
  stepper->updating = 0.0;
  stepper->measure = times != NULL;
  double t0 = stepper->measure ? nnt_clock_seconds() : 0.0;
  nnt_heartbeat_phase(stepper->heartbeat, NNT_PHASE_COMPUTING);
  if (updates_at_once(stepper))
    nnt_heartbeat_begin_update(stepper->heartbeat, nnt_updater_number(stepper->updater) + 1);
  stepper->scale = scale_of(stepper, order, first, batch);
  if (stepper->mixup > 0.0)
    stepper->share_of_own =
        nnt_mixup_share(stepper->mixup, stepper->seed, nnt_updater_number(stepper->updater));
  const nnt_batch_part whole = {.order = order, .first = first, .batch = batch};
  stepper->gathering = stepper->measure ? nnt_clock_seconds() - t0 : 0.0;
  if (stepper->sums == NULL)
    compute(stepper, &whole);
  else
    compute_parts(stepper, &whole);
  double t2 = stepper->measure ? nnt_clock_seconds() : 0.0;
  nnt_status status = nnt_sync_batch_norm_check(stepper->whole, error);
  if (status != NNT_OK) return status;
  nnt_heartbeat_phase(stepper->heartbeat, NNT_PHASE_EXCHANGE);
  const float *tail = nnt_gradient_exchange_gradients(stepper->exchange) + stepper->layout.tail;
  if (!updates_at_once(stepper)) {
    status = nnt_gradient_exchange_finish(stepper->exchange, range_ready, stepper, error);
    if (status != NNT_OK) return status;
    tail = nnt_gradient_exchange_tail(stepper->exchange);
  }
  memcpy(&stepper->control, tail, sizeof stepper->control);
  *loss = (double)stepper->control.loss;
  double t3 = stepper->measure ? nnt_clock_seconds() : 0.0;
  status = nnt_updater_finish(stepper->updater, error);
  if (status != NNT_OK) return status;
  double middle = nnt_network_forward_end(stepper->network);
  bool alone = nnt_comm_size(stepper->comm) == 1;
  if (times != NULL)
    *times = (nnt_step_times){.gather = stepper->gathering,
                              .forward = middle - t0 - stepper->gathering,
                              .backward = t2 - middle,
                              .exchange = alone ? 0.0 : t3 - t2 - stepper->updating,
                              .update = stepper->updating + nnt_clock_seconds() - t3};
  return NNT_OK;
}

static void leave(void *context, int bucket, int64_t begin, int64_t end, const float *gradients) {
  (void)context;
  (void)bucket;
  (void)begin;
  (void)end;
  (void)gradients;
}

nnt_status nnt_stepper_exchange(nnt_stepper *stepper, nnt_error *error) {
  start_all(stepper);
  return nnt_gradient_exchange_finish(stepper->exchange, leave, NULL, error);
}
