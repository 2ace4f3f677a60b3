/* Writing a network as ONNX, with the messages that protoc-c makes of onnx.proto. */
#include "io/onnx_file.h"

#include <jansson.h>
#include <nntrain/version.h>
#include <onnx.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/atomic_file.h"
#include "kernels/norm.h"
#include "net/layout.h"

/* The last version of the operators that has LayerNormalization but not Gelu, and the format's
 * version of that time: what programs of 2022 and later read. */
#define OPSET 17
#define IR_VERSION 8
/* What protocol buffers can hold. */
#define MOST_BYTES 2147483647
#define MOST_NODES (8 * NNT_MAX_LAYERS + 8)
#define MOST_TENSORS (6 * NNT_MAX_LAYERS + 8)
#define NAME_SIZE 48

typedef struct allocation {
  struct allocation *next;
  _Alignas(16) char bytes[];
} allocation;

/* A graph that grows node by node; `last` is the name of the value that the next one reads. */
typedef struct builder {
  nnt_status status;
  nnt_error *error;
  allocation *memory;
  Onnx__NodeProto *nodes[MOST_NODES];
  size_t node_count;
  Onnx__TensorProto *tensors[MOST_TENSORS];
  size_t tensor_count;
  const char *last;
  int values;                    /* names given */
  const char *root, *one, *half; /* constants of gelu, once it was met */
} builder;

/* Zeros that live as long as the builder; NULL after a failure. */
static void *take(builder *b, size_t bytes) {
  allocation *taken = b->status == NNT_OK ? calloc(1, sizeof *taken + bytes) : NULL;
  if (taken == NULL) {
    if (b->status == NNT_OK) b->status = nnt_fail_memory(b->error, bytes, "an ONNX graph");
    return NULL;
  }
  taken->next = b->memory;
  b->memory = taken;
  return taken->bytes;
}

static void release(builder *b) {
  while (b->memory != NULL) {
    allocation *next = b->memory->next;
    free(b->memory);
    b->memory = next;
  }
}

static char *make_name(builder *b, const char *text) {
  char *name = take(b, NAME_SIZE);
  if (name != NULL) (void)snprintf(name, NAME_SIZE, "%s", text);
  return name;
}

/* A constant of rank 0 (a scalar) to 2; the data are borrowed. */
static const char *add_tensor(builder *b, const char *name, int rank, int64_t rows, int64_t columns,
                              const float *data) {
  Onnx__TensorProto *tensor = take(b, sizeof *tensor);
  int64_t *dims = take(b, 2 * sizeof *dims);
  char *own_name = make_name(b, name);
  if (own_name == NULL) return NULL;
  union {
    const float *borrowed;
    uint8_t *read; /* protobuf-c only reads it */
  } bytes = {data};
  onnx__tensor_proto__init(tensor);
  dims[0] = rows;
  dims[1] = columns;
  tensor->n_dims = (size_t)rank;
  tensor->dims = dims;
  tensor->has_data_type = 1;
  tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  tensor->name = own_name;
  tensor->has_raw_data = 1;
  tensor->raw_data = (ProtobufCBinaryData){
      (size_t)((rank > 0 ? rows : 1) * (rank > 1 ? columns : 1)) * sizeof(float), bytes.read};
  b->tensors[b->tensor_count++] = tensor;
  return own_name;
}

static const char *add_scalar(builder *b, const char *name, float value) {
  float *copy = take(b, sizeof *copy);
  if (copy == NULL) return NULL;
  *copy = value;
  return add_tensor(b, name, 0, 0, 0, copy);
}

/* A node that reads `count` values and makes one, which is `last` then. */
static Onnx__NodeProto *add_node_of(builder *b, const char *type, size_t count,
                                    const char *const *names) {
  Onnx__NodeProto *node = take(b, sizeof *node);
  char **inputs = take(b, (count + 1) * sizeof *inputs);
  char *own_type = make_name(b, type);
  char value[16];
  (void)snprintf(value, sizeof value, "v%d", b->values++);
  char *output = make_name(b, value);
  if (b->status != NNT_OK) return NULL;
  onnx__node_proto__init(node);
  for (size_t i = 0; i < count; ++i) inputs[i] = make_name(b, names[i]);
  inputs[count] = output;
  node->op_type = own_type;
  node->name = output;
  node->n_input = count;
  node->input = inputs;
  node->n_output = 1;
  node->output = inputs + count;
  b->nodes[b->node_count++] = node;
  b->last = output;
  return node;
}

static Onnx__NodeProto *add_node(builder *b, const char *type, size_t count, const char *first,
                                 const char *second, const char *third) {
  const char *const names[3] = {first, second, third};
  return add_node_of(b, type, count, names);
}

static Onnx__AttributeProto *add_attribute(builder *b, Onnx__NodeProto *node, const char *name,
                                           Onnx__AttributeProto__AttributeType type) {
  Onnx__AttributeProto *attribute = take(b, sizeof *attribute);
  char *own_name = make_name(b, name);
  Onnx__AttributeProto **list = take(b, 2 * sizeof(Onnx__AttributeProto *));
  if (b->status != NNT_OK || node == NULL) return NULL;
  onnx__attribute_proto__init(attribute);
  attribute->name = own_name;
  attribute->has_type = 1;
  attribute->type = type;
  if (node->n_attribute > 0) list[0] = node->attribute[0];
  node->attribute = list;
  list[node->n_attribute++] = attribute;
  return attribute;
}

static void set_int(builder *b, Onnx__NodeProto *node, const char *name, int64_t value) {
  Onnx__AttributeProto *attribute =
      add_attribute(b, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
  if (attribute == NULL) return;
  attribute->has_i = 1;
  attribute->i = value;
}

static void set_real(builder *b, Onnx__NodeProto *node, const char *name, float value) {
  Onnx__AttributeProto *attribute =
      add_attribute(b, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
  if (attribute == NULL) return;
  attribute->has_f = 1;
  attribute->f = value;
}

/* z (1 + erf(z / sqrt 2)) / 2 */
static void add_gelu(builder *b) {
  const char *z = b->last;
  if (b->half == NULL) {
    b->root = add_scalar(b, "half_root", 0.70710678F);
    b->one = add_scalar(b, "one", 1.0F);
    b->half = add_scalar(b, "half", 0.5F);
  }
  (void)add_node(b, "Mul", 2, z, b->root, NULL);
  (void)add_node(b, "Erf", 1, b->last, NULL, NULL);
  (void)add_node(b, "Add", 2, b->last, b->one, NULL);
  (void)add_node(b, "Mul", 2, b->last, z, NULL);
  (void)add_node(b, "Mul", 2, b->last, b->half, NULL);
}

static void add_activation(builder *b, nnt_activation activation) {
  const char *z = b->last;
  switch (activation) {
    case NNT_SIGMOID:
      (void)add_node(b, "Sigmoid", 1, z, NULL, NULL);
      break;
    case NNT_TANH:
      (void)add_node(b, "Tanh", 1, z, NULL, NULL);
      break;
    case NNT_RELU:
      (void)add_node(b, "Relu", 1, z, NULL, NULL);
      break;
    case NNT_LEAKY_RELU:
      set_real(b, add_node(b, "LeakyRelu", 1, z, NULL, NULL), "alpha", 0.01F);
      break;
    case NNT_GELU:
      add_gelu(b);
      break;
    case NNT_SILU:
      (void)add_node(b, "Sigmoid", 1, z, NULL, NULL);
      (void)add_node(b, "Mul", 2, z, b->last, NULL);
      break;
    case NNT_IDENTITY:
    case NNT_ACTIVATION_COUNT:
    default:
      break;
  }
}

static const char *add_layer_tensor(builder *b, const char *what, int layer, int rank, int64_t rows,
                                    int64_t columns, const float *data) {
  char name[NAME_SIZE];
  (void)snprintf(name, sizeof name, "layers.%d.%s", layer, what);
  return add_tensor(b, name, rank, rows, columns, data);
}

static void add_norm(builder *b, const nnt_layout *layout, int l, const float *parameters) {
  int64_t outputs = layout->layers[l].outputs;
  bool batch = layout->layers[l].norm == NNT_NORM_BATCH;
  const char *inputs[5] = {
      b->last, add_layer_tensor(b, "norm_weight", l, 1, outputs, 0, parameters + layout->gains[l]),
      add_layer_tensor(b, "norm_bias", l, 1, outputs, 0, parameters + layout->shifts[l])};
  if (batch) {
    inputs[3] =
        add_layer_tensor(b, "running_mean", l, 1, outputs, 0, parameters + layout->means[l]);
    inputs[4] =
        add_layer_tensor(b, "running_var", l, 1, outputs, 0, parameters + layout->variances[l]);
  }
  Onnx__NodeProto *node =
      add_node_of(b, batch ? "BatchNormalization" : "LayerNormalization", batch ? 5 : 3, inputs);
  set_real(b, node, "epsilon", NNT_NORM_EPSILON);
}

static void add_layer(builder *b, const nnt_layout *layout, int l, const float *parameters) {
  const nnt_layer *layer = &layout->layers[l];
  float *weights = take(b, (size_t)(layer->outputs * layer->inputs) * sizeof *weights);
  if (weights == NULL) return;
  nnt_layout_export(layout, l, parameters, weights);
  const char *weight = add_layer_tensor(b, "weight", l, 2, layer->outputs, layer->inputs, weights);
  const char *bias =
      add_layer_tensor(b, "bias", l, 1, layer->outputs, 0, parameters + layout->biases[l]);
  set_int(b, add_node(b, "Gemm", 3, b->last, weight, bias), "transB", 1);
  if (layer->norm != NNT_NORM_NONE) add_norm(b, layout, l, parameters);
  add_activation(b, layer->activation);
}

/* From the last layer to the outputs: as nnt_loss_outputs. */
static void add_outputs(builder *b, const nnt_model *model) {
  const char *z = b->last, *type = "Identity";
  if (model->loss == NNT_CROSS_ENTROPY) type = "Softmax";
  if (model->loss == NNT_BINARY_CROSS_ENTROPY) type = "Sigmoid";
  if (model->loss == NNT_POISSON) type = "Exp";
  Onnx__NodeProto *node = add_node(b, type, 1, z, NULL, NULL);
  char *name = make_name(b, "output");
  if (model->loss == NNT_CROSS_ENTROPY) set_int(b, node, "axis", 1);
  if (b->status != NNT_OK) return;
  node->output[0] = name;
  b->last = name;
  if (model->target != NNT_TARGET_CLASS) return;
  node = add_node(b, "ArgMax", 1, name, NULL, NULL);
  set_int(b, node, "axis", 1);
  set_int(b, node, "keepdims", 0);
  name = make_name(b, "class");
  if (b->status == NNT_OK) node->output[0] = name;
}

static void add_graph(builder *b, const nnt_model *model, const float *parameters) {
  nnt_layout layout = nnt_layout_of(model);
  b->last = "x";
  if (model->normalization != NNT_NORMALIZE_NONE) {
    const char *shift = add_tensor(b, "input_shift", 1, nnt_model_inputs(model), 0, model->shift);
    const char *scale = add_tensor(b, "input_scale", 1, nnt_model_inputs(model), 0, model->scale);
    (void)add_node(b, "Sub", 2, b->last, shift, NULL);
    (void)add_node(b, "Mul", 2, b->last, scale, NULL);
  }
  for (int l = 0; l < layout.layer_count && b->status == NNT_OK; ++l)
    add_layer(b, &layout, l, parameters);
  add_outputs(b, model);
}

/* "N", and `columns` where there are any. */
static Onnx__ValueInfoProto *describe_value(builder *b, const char *name, int32_t type,
                                            int64_t columns) {
  Onnx__ValueInfoProto *value = take(b, sizeof *value);
  Onnx__TypeProto *of = take(b, sizeof *of);
  Onnx__TypeProto__Tensor *tensor = take(b, sizeof *tensor);
  Onnx__TensorShapeProto *shape = take(b, sizeof *shape);
  Onnx__TensorShapeProto__Dimension *dims = take(b, 2 * sizeof *dims);
  Onnx__TensorShapeProto__Dimension **list =
      take(b, 2 * sizeof(Onnx__TensorShapeProto__Dimension *));
  char *own_name = make_name(b, name), *rows = make_name(b, "N");
  if (b->status != NNT_OK) return NULL;
  onnx__value_info_proto__init(value);
  onnx__type_proto__init(of);
  onnx__type_proto__tensor__init(tensor);
  onnx__tensor_shape_proto__init(shape);
  for (int i = 0; i < 2; ++i) onnx__tensor_shape_proto__dimension__init(list[i] = &dims[i]);
  dims[0].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
  dims[0].dim_param = rows;
  dims[1].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
  dims[1].dim_value = columns;
  shape->n_dim = columns > 0 ? 2 : 1;
  shape->dim = list;
  tensor->has_elem_type = 1;
  tensor->elem_type = type;
  tensor->shape = shape;
  of->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  of->tensor_type = tensor;
  value->name = own_name;
  value->type = of;
  return value;
}

/* The names of the classes as a JSON list, owned by the caller; NULL when there are none. */
static char *class_names_json(const nnt_model *model) {
  json_t *list = model->class_names != NULL ? json_array() : NULL;
  for (int64_t i = 0; i < model->class_name_count && list != NULL; ++i)
    (void)json_array_append_new(list, json_string(model->class_names[i]));
  char *text = list != NULL ? json_dumps(list, 0) : NULL;
  json_decref(list);
  return text;
}

static nnt_status write_message(const char *path, const Onnx__ModelProto *message,
                                nnt_error *error) {
  void *bytes = NULL;
  size_t size = onnx__model_proto__get_packed_size(message);
  if (size > MOST_BYTES)
    return nnt_fail(
        error, NNT_BAD_INPUT,
        "a network too large for ONNX\n%s: %zu bytes, the format ends at 2 GB\nread the "
        "checkpoint itself, with h5py",
        path, size);
  nnt_status status = nnt_memory_allocate(size, "an ONNX file", &bytes, error);
  if (status != NNT_OK) return status;
  (void)onnx__model_proto__pack(message, bytes);
  status = nnt_atomic_write(path, bytes, size, error);
  nnt_memory_free(&bytes);
  return status;
}

static nnt_status write_model(builder *b, const char *path, const nnt_model *model,
                              char *class_names) {
  Onnx__ValueInfoProto *input =
      describe_value(b, "x", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, nnt_model_inputs(model));
  Onnx__ValueInfoProto *outputs[2] = {
      describe_value(b, "output", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, nnt_model_outputs(model)),
      describe_value(b, "class", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 0)};
  char names[][16] = {"network", "nntrain", NNT_VERSION, "class_names", ""};
  Onnx__GraphProto graph = ONNX__GRAPH_PROTO__INIT;
  Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *opsets = &opset;
  Onnx__StringStringEntryProto entry = ONNX__STRING_STRING_ENTRY_PROTO__INIT, *entries = &entry;
  Onnx__ModelProto message = ONNX__MODEL_PROTO__INIT;
  if (b->status != NNT_OK) return b->status;
  graph.name = names[0];
  graph.n_node = b->node_count;
  graph.node = b->nodes;
  graph.n_initializer = b->tensor_count;
  graph.initializer = b->tensors;
  graph.n_input = 1;
  graph.input = &input;
  graph.n_output = model->target == NNT_TARGET_CLASS ? 2 : 1;
  graph.output = outputs;
  opset.domain = names[4];
  opset.has_version = 1;
  opset.version = OPSET;
  entry.key = names[3];
  entry.value = class_names;
  message.has_ir_version = 1;
  message.ir_version = IR_VERSION;
  message.producer_name = names[1];
  message.producer_version = names[2];
  message.n_opset_import = 1;
  message.opset_import = &opsets;
  message.graph = &graph;
  message.n_metadata_props = class_names != NULL;
  message.metadata_props = &entries;
  return write_message(path, &message, b->error);
}

nnt_status nnt_onnx_write(const char *path, const nnt_model *model, const float *parameters,
                          nnt_error *error) {
  builder *b = calloc(1, sizeof *b);
  if (b == NULL) return nnt_fail_memory(error, sizeof *b, "an ONNX graph");
  b->error = error;
  add_graph(b, model, parameters);
  char *class_names = class_names_json(model);
  nnt_status status = write_model(b, path, model, class_names);
  free(class_names);
  release(b);
  free(b);
  return status;
}
