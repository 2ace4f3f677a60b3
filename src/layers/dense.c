/* A dense layer's product. With its input X [rows, in], weights W [in, out] and the gradient dZ
 * [rows, out] of the loss before the activation:
 *   Z = X W + b;  dW = X^T dZ,  db = column sums of dZ,  dX = dZ W^T. */
#include "base/partition.h"
#include "kernels/gemm.h"
#include "layers/dropout.h"
#include "layers/input_layer.h"
#include "layers/network_state.h"

enum { WEIGHT, BIAS }; /* tensors */
enum { TRANSPOSED };   /* arrays: W^T, for the input gradient */

static void parameters(nnt_layout *layout, int layer) {
  const nnt_layer *shape = &layout->layers[layer];
  (void)nnt_layout_add(layout, (nnt_tensor){.name = "weight",
                                            .layer = layer,
                                            .outputs = shape->outputs,
                                            .inputs = shape->inputs,
                                            .start = NNT_START_WEIGHT,
                                            .decayed = true});
  (void)nnt_layout_add_vector(layout, layer, "bias", NNT_START_BIAS, false);
}

/* Whether the source asks for its gradient. */
static bool goes_on(const nnt_unit *unit, const nnt_unit *units) {
  return unit->source != NNT_SAMPLES && units[unit->source].reached;
}

static void workspace(nnt_workspace *w, nnt_unit *unit) {
  if (!w->training || !goes_on(unit, w->units)) return;
  int64_t floats = nnt_panels_floats(unit->outputs, w->units[unit->source].outputs);
  nnt_workspace_take(w, floats, w->prepared, w->backward, &unit->arrays[TRANSPOSED]);
}

/* Parameters are only read; the matrices of the kernels have one type for both. */
static nnt_panels weights_of(const nnt_pass *p, const nnt_unit *unit) {
  union {
    const float *borrowed;
    float *read;
  } arena = {p->parameters};
  return nnt_tensor_panels(nnt_unit_tensor(p, unit, WEIGHT), arena.read);
}

/* --- forward --- */

/* What this thread reads of the samples; `dropout` is filled where inputs are changed. */
static nnt_input_rows input_rows(const nnt_pass *p, nnt_team team, nnt_dropout *dropout) {
  const nnt_network *network = p->network;
  const nnt_network_step_call *call = p->call;
  const nnt_model *model = network->model;
  bool staged = call != NULL && network->staged != NULL;
  bool changed = call != NULL && (model->input_dropout > 0.0 || model->augmentation.noise > 0.0);
  if (changed) *dropout = nnt_dropout_of(call, 0, model->input_dropout);
  return (nnt_input_rows){.input = staged ? &network->staged_input : &network->input,
                          .rows = staged ? network->staged_rows : network->rows,
                          .count = p->rows,
                          .next = call != NULL ? call->next : NULL,
                          .next_count = call != NULL ? call->next_count : 0,
                          .dropout = changed ? dropout : NULL,
                          .noise = (float)model->augmentation.noise,
                          .position = call != NULL ? call->position : 0,
                          .buffer = network->buffers + team.thread * network->buffer_floats};
}

static void forward(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  nnt_gemm_nn_call call = {.b = weights_of(p, unit),
                           .c = nnt_first_rows(unit->values, p->rows),
                           .bias = nnt_unit_parameter(p, unit, BIAS),
                           .epilogue = nnt_unit_epilogue(p, unit),
                           .auxiliary = unit->auxiliary};
  nnt_finishing finishing = {p, unit};
  if (nnt_unit_finishes(p, unit)) {
    call.finish = nnt_unit_finish;
    call.finish_context = &finishing;
  }
  if (unit->source == NNT_SAMPLES) {
    nnt_dropout dropout;
    nnt_input_rows x = input_rows(p, team, &dropout);
    nnt_input_forward(p->kernels, team, &x, &call);
  } else {
    call.a = nnt_first_rows(p->units[unit->source].values, p->rows);
    nnt_gemm_nn(p->kernels, team, &call);
  }
}

/* --- backward --- */

static nnt_panels transposed_of(const nnt_pass *p, const nnt_unit *unit) {
  return (nnt_panels){unit->arrays[TRANSPOSED], unit->outputs, p->units[unit->source].outputs,
                      unit->outputs * NNT_PANEL};
}

static void prepare(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  if (!goes_on(unit, p->units)) return;
  nnt_panels w = weights_of(p, unit), wt = transposed_of(p, unit);
  nnt_transpose(team, &w, &wt);
}

static void bias_gradient(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  const nnt_network_step_call *call = p->call;
  const nnt_tensor *bias = nnt_unit_tensor(p, unit, BIAS);
  int64_t begin = 0, end = 0;
  nnt_unit_panels(unit, team, &begin, &end);
  for (int64_t i = begin; i < end; ++i) {
    _Alignas(64) float sums[NNT_PANEL];
    int64_t offset = bias->offset + i * NNT_PANEL;
    float *out = call->take != NULL ? sums : call->gradients + offset;
    p->kernels->elementwise->sum_rows(unit->gradient.data + i * unit->gradient.stride,
                                      call->granules, out, p->layout->floats);
    if (call->take != NULL) call->take(call->context, bias, offset, sums, NNT_PANEL);
  }
}

/* Hands a tile of the weight gradient on, with its place in the arena. */
typedef struct tile_sink {
  const nnt_network_step_call *call;
  const nnt_tensor *weight;
} tile_sink;

static void take_tile(void *context, int64_t offset, const float *values, int64_t count) {
  const tile_sink *sink = context;
  sink->call->take(sink->call->context, sink->weight, sink->weight->offset + offset, values, count);
}

static void expect_tile(void *context, int64_t offset, int64_t count) {
  const tile_sink *sink = context;
  sink->call->expect(sink->call->context, sink->weight->offset + offset, count);
}

/* Panels [begin, end) of the weight gradient. */
static void weight_gradient(const nnt_pass *p, nnt_team team, const nnt_unit *unit, int64_t begin,
                            int64_t end) {
  tile_sink sink = {p->call, nnt_unit_tensor(p, unit, WEIGHT)};
  nnt_panels dz = nnt_first_rows(unit->gradient, p->rows);
  nnt_panels dw = nnt_tensor_panels(sink.weight, p->call->gradients);
  int64_t columns = nnt_min_i64(end * NNT_PANEL, dw.columns) - begin * NNT_PANEL;
  nnt_gemm_tn_call call = {.b = {dz.data + begin * dz.stride, dz.rows, columns, dz.stride},
                           .c = {dw.data + begin * dw.stride, dw.rows, columns, dw.stride},
                           .granules = p->call->granules,
                           .distance = p->layout->floats,
                           .sink = p->call->take != NULL ? take_tile : NULL,
                           .expect = p->call->expect != NULL ? expect_tile : NULL,
                           .sink_context = &sink};
  if (unit->source == NNT_SAMPLES) {
    nnt_dropout dropout;
    nnt_input_rows x = input_rows(p, team, &dropout);
    nnt_input_gradient(p->kernels, team, &x, &call);
  } else {
    call.a = nnt_first_rows(p->units[unit->source].values, p->rows);
    nnt_gemm_tn(p->kernels, team, &call);
  }
}

/* Weights and biases, bucket by bucket; a frozen layer's gradient stays the zero that it was. A
 * bucket that somebody waits for is announced when all threads have finished it; when every tile is
 * taken at once, nobody waits. */
static void layer_gradient(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  const nnt_network_step_call *call = p->call;
  int past = p->layout->first_bucket[unit->layer + 1];
  for (int bucket = p->layout->first_bucket[unit->layer]; bucket < past; ++bucket) {
    int64_t begin = 0, end = 0;
    nnt_layout_bucket_panels(p->layout, bucket, &begin, &end);
    if (!unit->frozen) weight_gradient(p, team, unit, begin, end);
    if (!unit->frozen && bucket + 1 == past) bias_gradient(p, team, unit);
    if (call->take != NULL) continue;
#pragma omp barrier
    if (call->ready != NULL) call->ready(call->context, bucket);
  }
}

/* The source's gradient, before its activation. */
static void input_gradient(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  const nnt_unit *source = &p->units[unit->source];
  nnt_derivative derivative = nnt_unit_derivative(p, source);
  nnt_gemm_nn_call call = {.a = nnt_first_rows(unit->gradient, p->rows),
                           .b = transposed_of(p, unit),
                           .c = nnt_first_rows(source->gradient, p->rows),
                           .epilogue = derivative.derive,
                           .auxiliary = derivative.auxiliary};
  nnt_gemm_nn(p->kernels, team, &call);
}

static void backward(const nnt_pass *p, nnt_team team, const nnt_unit *unit) {
  layer_gradient(p, team, unit);
  if (!goes_on(unit, p->units)) return;
  /* Memory holds up the one, arithmetic the other: half the team begins with each. */
  bool turned = team.thread % 2 == 1;
  if (turned) nnt_unit_prepare_below(p, team, nnt_unit_number(p, unit));
  input_gradient(p, team, unit);
  if (!turned) nnt_unit_prepare_below(p, team, nnt_unit_number(p, unit));
#pragma omp barrier
}

static void backward_idle(const nnt_pass *p, const nnt_unit *unit) {
  const nnt_network_step_call *call = p->call;
  if (call->ready == NULL) return;
  for (int b = p->layout->first_bucket[unit->layer]; b < p->layout->first_bucket[unit->layer + 1];
       ++b)
    call->ready(call->context, b);
}

const nnt_layer_kind nnt_dense_kind = {.parameters = parameters,
                                       .workspace = workspace,
                                       .forward = forward,
                                       .backward = backward,
                                       .prepare = prepare,
                                       .backward_idle = backward_idle,
                                       .onnx = "Gemm weight bias transB=1",
                                       .pytorch = "Linear"};
