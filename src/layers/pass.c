/* Forward and backward pass: one parallel region, barriers between the units.
 *
 * Backpropagation: Rumelhart, Hinton and Williams, Nature 323, 1986. What a unit does is its
 * kind's (layers/layer_kind.h). */
#include <omp.h>
#include <string.h>

#include "base/clock.h"
#include "base/partition.h"
#include "layers/network_state.h"
#include "layers/staging.h"
#include "net/loss.h"

static void forward(const nnt_pass *p, nnt_team team) {
  for (int u = 0; u < p->network->unit_count; ++u) {
    const nnt_unit *unit = &p->units[u];
    if (unit->kind->forward == NULL) continue;
    unit->kind->forward(p, team, unit);
#pragma omp barrier
  }
}

static nnt_loss_rows loss_rows(const nnt_pass *p, nnt_team team) {
  nnt_network *network = p->network;
  const nnt_unit *last = nnt_network_last(network);
  nnt_panels logits = nnt_first_rows(last->values, p->rows);
  return (nnt_loss_rows){
      .logits = logits,
      .target = nnt_first_rows(network->targets, p->rows),
      .classes = network->classes,
      .partner_classes = p->call != NULL ? network->partner_classes : NULL,
      .shares = network->shares,
      .gradient = nnt_first_rows(last->gradient, p->rows),
      .derivative = last->auxiliary != NULL ? last->auxiliary : logits.data,
      .loss = network->losses,
      .scale = p->scale,
      .weights = p->call != NULL && p->call->weighted ? network->weights : NULL,
      .smoothing = p->call != NULL ? (float)network->model->label_smoothing : 0.0F,
      .begin = nnt_partition_begin(p->rows, team.threads, team.thread),
      .end = nnt_partition_begin(p->rows, team.threads, team.thread + 1)};
}

/* The losses' sum by granules, into the tails. */
static void sum_losses(const nnt_pass *p) {
  const nnt_granules *granules = p->call->granules;
  float stack[NNT_SUM_PLACES];
  float *tail = p->call->gradients + p->layout->tail;
  for (int64_t g = 0; g < granules->count; ++g) {
    const nnt_sum_step *step = &granules->steps[g];
    double sum = 0.0;
    for (int64_t r = granules->begin[g]; r < granules->begin[g + 1]; ++r)
      sum += (double)p->network->losses[r];
    float value = (float)(sum * (double)p->scale);
    for (int m = step->merges; m > 0; --m) value += stack[step->place + m - 1];
    stack[step->place] = value;
    if (step->output < 0) continue;
    bool flags = step->output == 0 && p->call->control != NULL;
    nnt_step_control control = flags ? *p->call->control : (nnt_step_control){.loss = 0.0F};
    float *output = tail + step->output * p->layout->floats;
    control.loss = value;
    memset(output, 0, NNT_TAIL * sizeof *output);
    memcpy(output, &control, sizeof control);
  }
}

static void backward(const nnt_pass *p, nnt_team team) {
  for (int u = p->network->unit_count - 1; u >= 0; --u) {
    const nnt_unit *unit = &p->units[u];
    if (unit->kind->backward != NULL) unit->kind->backward(p, team, unit);
  }
}

static void step(const nnt_pass *p, nnt_team team) {
  nnt_network *network = p->network;
  if (team.thread == 0) {
    team.poll = p->call->poll;
    team.poll_context = p->call->context;
  }
  if (network->staged != NULL) {
    nnt_stage_samples(p, team);
#pragma omp barrier
  }
  forward(p, team);
  nnt_loss_rows rows = loss_rows(p, team);
  nnt_loss_run(network->kernels, network->model, &rows);
  nnt_unit_prepare_below(p, team, network->unit_count);
#pragma omp barrier
  if (team.thread == 0) {
    sum_losses(p);
    network->forward_end = nnt_clock_seconds();
  }
  backward(p, team);
}

/* A rank without samples in this batch contributes nothing, but takes part, in the order of the
 * others. */
static void step_without_rows(const nnt_pass *p) {
  const nnt_network_step_call *call = p->call;
  memset(call->gradients, 0, (size_t)(call->outputs * p->layout->floats) * sizeof *call->gradients);
  for (int u = 0; u < p->network->unit_count; ++u) {
    const nnt_unit *unit = &p->units[u];
    if (unit->kind->forward_idle != NULL) unit->kind->forward_idle(p, unit);
  }
  p->network->forward_end = nnt_clock_seconds();
  for (int u = p->network->unit_count - 1; u >= 0; --u) {
    const nnt_unit *unit = &p->units[u];
    if (unit->kind->backward_idle != NULL) unit->kind->backward_idle(p, unit);
  }
}

static nnt_pass pass_of(nnt_network *network, const nnt_layout *layout, const float *parameters,
                        int64_t rows) {
  return (nnt_pass){.network = network,
                    .kernels = network->kernels,
                    .layout = layout,
                    .units = network->units,
                    .parameters = parameters,
                    .rows = rows,
                    .scale = 1.0F};
}

void nnt_network_step(nnt_network *network, const nnt_network_step_call *call) {
  nnt_pass p = pass_of(network, call->layout, call->parameters, call->rows);
  p.call = call;
  p.scale = call->scale;
  double started = nnt_clock_seconds();
  if (call->rows == 0) {
    step_without_rows(&p);
    return;
  }
  int threads = nnt_network_threads(network, call->rows);
  /* Even a region of one thread costs time that small networks feel. */
  if (threads == 1) {
    step(&p, (nnt_team){.threads = 1});
  } else {
#pragma omp parallel num_threads(threads)
    step(&p, (nnt_team){.thread = omp_get_thread_num(), .threads = omp_get_num_threads()});
  }
  nnt_team_size_note(&network->team_size, nnt_clock_seconds() - started);
}

static int forward_threads(const nnt_network *network, int64_t rows) {
  return nnt_team_size_safe(network->flops_per_row * (double)rows, network->threads);
}

void nnt_network_forward(nnt_network *network, const float *parameters, int64_t rows,
                         bool with_loss, bool with_outputs) {
  const nnt_pass p = pass_of(network, &network->layout, parameters, rows);
  if (rows == 0) return;
#pragma omp parallel num_threads(forward_threads(network, rows))
  {
    nnt_team team = {.thread = omp_get_thread_num(), .threads = omp_get_num_threads()};
    forward(&p, team);
    nnt_loss_rows part = loss_rows(&p, team);
    if (with_loss) nnt_loss_run(network->kernels, network->model, &part);
    if (with_outputs)
      nnt_loss_outputs(network->kernels, network->model, &part.logits, network->losses, part.begin,
                       part.end);
  }
}
