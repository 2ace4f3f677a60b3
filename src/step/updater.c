/* The update at the end of a step. */
#include "step/updater.h"

#include <stdlib.h>

#include "net/optimizer.h"

/* A range that has arrived and waits for the stages to come. */
typedef struct range {
  int64_t begin, end;
} range;

struct nnt_updater {
  nnt_gradient_exchange *exchange;
  const nnt_layout *layout;
  nnt_optimizer optimizer;
  float *parameters, *gradients; /* the exchange's */
  int stages;
  int64_t updates; /* done */
  range *ranges;   /* [buckets of the layout] */
  int range_count;
};

nnt_status nnt_updater_create(const nnt_optimizer_settings *settings, const nnt_layout *layout,
                              nnt_gradient_exchange *exchange, int threads, nnt_updater **out,
                              nnt_error *error) {
  const nnt_kernels *kernels = NULL;
  *out = NULL;
  nnt_status status = nnt_kernels_choose(&kernels, error);
  if (status != NNT_OK) return status;
  size_t buckets = (size_t)nnt_layout_buckets(layout);
  nnt_updater *updater = calloc(1, sizeof *updater);
  if (updater != NULL) updater->ranges = calloc(buckets, sizeof *updater->ranges);
  if (updater == NULL || updater->ranges == NULL) {
    free(updater);
    return nnt_fail_memory(error, buckets * sizeof(range), "updates");
  }
  updater->exchange = exchange;
  updater->layout = layout;
  updater->parameters = nnt_gradient_exchange_parameters(exchange);
  updater->gradients = nnt_gradient_exchange_gradients(exchange);
  updater->stages = nnt_optimizer_stages(settings);
  updater->optimizer = (nnt_optimizer){.kernels = kernels,
                                       .settings = *settings,
                                       .layout = layout,
                                       .threads = threads,
                                       .lines = nnt_gradient_exchange_scratch(exchange)};
  for (int s = 0; s < NNT_OPTIMIZER_SLOTS; ++s)
    updater->optimizer.state[s] = nnt_gradient_exchange_state(exchange, s);
  *out = updater;
  return NNT_OK;
}

void nnt_updater_destroy(nnt_updater **updater) {
  if (*updater == NULL) return;
  free((*updater)->ranges);
  free(*updater);
  *updater = NULL;
}

void nnt_updater_go_on(nnt_updater *updater, int64_t updates) {
  updater->updates = updates;
}

void nnt_updater_begin(nnt_updater *updater, double learning_rate) {
  updater->range_count = 0;
  nnt_optimizer_begin(&updater->optimizer, ++updater->updates, learning_rate);
}

int64_t nnt_updater_number(const nnt_updater *updater) {
  return updater->updates - 1;
}

bool nnt_updater_is_immediate(const nnt_updater *updater) {
  return updater->stages == 1;
}

void nnt_updater_take(const nnt_updater *updater, const nnt_tensor *tensor, int64_t offset,
                      const float *values, int64_t count) {
  nnt_optimizer_apply(&updater->optimizer, tensor, offset, count, values, updater->parameters);
}

void nnt_updater_expect(const nnt_updater *updater, int64_t offset, int64_t count) {
  nnt_optimizer_expect(&updater->optimizer, offset, count, updater->parameters);
}

static void run(const nnt_updater *updater, int stage, const range *part) {
  nnt_optimizer_update(&updater->optimizer, stage, part->begin, part->end, updater->gradients,
                       updater->parameters);
}

void nnt_updater_range(nnt_updater *updater, int bucket, int64_t begin, int64_t end) {
  const range part = {begin, end};
  if (updater->layout->layers[nnt_layout_layer_of(updater->layout, bucket)].frozen) return;
  run(updater, 0, &part);
  if (updater->stages > 1) updater->ranges[updater->range_count++] = part;
}

/* What each of the sharing ranks has written is seen by the others. */
static nnt_status sync(const nnt_updater *updater, nnt_error *error) {
  if (nnt_gradient_exchange_sharers(updater->exchange) == 1) return NNT_OK;
  return nnt_gradient_exchange_sync(updater->exchange, error);
}

nnt_status nnt_updater_finish(nnt_updater *updater, nnt_error *error) {
  nnt_status status = NNT_OK;
  for (int stage = 1; stage < updater->stages && status == NNT_OK; ++stage) {
    nnt_optimizer_between(&updater->optimizer, stage);
    for (int i = 0; i < updater->range_count; ++i) run(updater, stage, &updater->ranges[i]);
    status = sync(updater, error);
  }
  if (status != NNT_OK || !(updater->optimizer.settings.max_norm > 0.0)) return status;
  nnt_optimizer_limit(&updater->optimizer, nnt_gradient_exchange_index(updater->exchange),
                      nnt_gradient_exchange_sharers(updater->exchange), updater->parameters);
  return sync(updater, error);
}
