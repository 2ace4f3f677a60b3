/* Writing a network as ONNX, with the messages that protoc-c makes of onnx.proto. */
#include "io/onnx_file.h"

#include <jansson.h>
#include <nntrain/version.h>
#include <onnx.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"
#include "base/memory.h"
#include "io/atomic_file.h"
#include "layers/unit.h"
#include "net/activation_table.h"

/* The last version of the operators that has LayerNormalization but not Gelu, and the format's
 * version of that time: what programs of 2022 and later read. */
#define OPSET 17
#define IR_VERSION 8
/* What protocol buffers can hold. */
#define MOST_BYTES 2147483647
#define MOST_NODES (16 * NNT_MAX_LAYERS + 8)
#define MOST_TENSORS (NNT_MAX_TENSORS + 8 * NNT_MAX_LAYERS + 8)
#define NAME_SIZE 48
/* Of one node. */
#define MOST_INPUTS 8
#define MOST_ATTRIBUTES 4

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
  int values;    /* names given to values */
  int constants; /* and to constants */
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

/* Whether there is room for one more; else the export fails. */
static bool has_room(builder *b, size_t count, size_t most) {
  if (b->status == NNT_OK && count >= most)
    b->status = nnt_fail(b->error, NNT_BAD_INPUT,
                         "a network of too many operators for ONNX\nmore than %zu\nread the "
                         "checkpoint itself, with h5py",
                         most);
  return b->status == NNT_OK;
}

static char *make_text(builder *b, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = take(b, size);
  if (copy != NULL) memcpy(copy, text, size);
  return copy;
}

/* A constant of rank 0 (a scalar) to 2; the data are borrowed. */
static const char *add_tensor(builder *b, const char *name, int rank, int64_t rows, int64_t columns,
                              const float *data) {
  Onnx__TensorProto *tensor = take(b, sizeof *tensor);
  int64_t *dims = take(b, 2 * sizeof *dims);
  char *own_name = make_text(b, name);
  if (own_name == NULL || !has_room(b, b->tensor_count, MOST_TENSORS)) return NULL;
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

static const char *add_scalar(builder *b, float value) {
  float *copy = take(b, sizeof *copy);
  char name[16];
  if (copy == NULL) return NULL;
  *copy = value;
  (void)snprintf(name, sizeof name, "c%d", b->constants++);
  return add_tensor(b, name, 0, 0, 0, copy);
}

/* A node that reads `count` values and makes one, which is `last` then. */
static Onnx__NodeProto *add_node_of(builder *b, const char *type, size_t count,
                                    const char *const *names) {
  Onnx__NodeProto *node = take(b, sizeof *node);
  char **inputs = take(b, (count + 1) * sizeof *inputs);
  char *own_type = make_text(b, type);
  char value[16];
  (void)snprintf(value, sizeof value, "v%d", b->values++);
  char *output = make_text(b, value);
  if (!has_room(b, b->node_count, MOST_NODES)) return NULL;
  onnx__node_proto__init(node);
  for (size_t i = 0; i < count; ++i) inputs[i] = make_text(b, names[i]);
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
                                 const char *second) {
  const char *const names[2] = {first, second};
  return add_node_of(b, type, count, names);
}

static Onnx__AttributeProto *add_attribute(builder *b, Onnx__NodeProto *node, const char *name,
                                           Onnx__AttributeProto__AttributeType type) {
  Onnx__AttributeProto *attribute = take(b, sizeof *attribute);
  char *own_name = make_text(b, name);
  Onnx__AttributeProto **list = take(b, MOST_ATTRIBUTES * sizeof(Onnx__AttributeProto *));
  if (node == NULL || !has_room(b, node->n_attribute, MOST_ATTRIBUTES)) return NULL;
  onnx__attribute_proto__init(attribute);
  attribute->name = own_name;
  attribute->has_type = 1;
  attribute->type = type;
  for (size_t i = 0; i < node->n_attribute; ++i) list[i] = node->attribute[i];
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

/* Where the words of a list of operators (nntrain/activations.h) get their meaning. */
typedef struct scope {
  const char *x; /* what the first operator reads */
  const nnt_layout *layout;
  const float *parameters;
  int layer;
} scope;

/* A parameter of the layer, as "layers.I.NAME". */
static const char *add_parameter(builder *b, const scope *in, const char *what) {
  const nnt_tensor *tensor = nnt_layout_tensor(in->layout, in->layer, what);
  if (tensor == NULL) {
    b->status = nnt_fail(b->error, NNT_BAD_INPUT,
                         "an operand that is no tensor of its layer\n%s in layer %d\nreport it as "
                         "an error of nntrain",
                         what, in->layer);
    return NULL;
  }
  float *values = take(b, (size_t)nnt_tensor_elements(tensor) * sizeof *values);
  char name[NAME_SIZE];
  if (values == NULL) return NULL;
  nnt_tensor_export(tensor, in->parameters, values);
  (void)snprintf(name, sizeof name, "layers.%d.%s", in->layer, what);
  return add_tensor(b, name, tensor->inputs > 0 ? 2 : 1, tensor->outputs, tensor->inputs, values);
}

/* An operand: a number, x, or the name of a parameter. */
static const char *add_operand(builder *b, const scope *in, const char *word) {
  char *end = NULL;
  float number = strtof(word, &end);
  if (end != word && *end == '\0') return add_scalar(b, number);
  return strcmp(word, "x") == 0 ? in->x : add_parameter(b, in, word);
}

/* "name=value": an integer, or a float where there is a point or an exponent. */
static void set_attribute(builder *b, Onnx__NodeProto *node, char *word) {
  char *value = strchr(word, '=');
  *value++ = '\0';
  if (strpbrk(value, ".e") != NULL)
    set_real(b, node, word, strtof(value, NULL));
  else
    set_int(b, node, word, strtoll(value, NULL, 10));
}

/* One operator, applied to `last`. */
static void add_operator(builder *b, const scope *in, char *text) {
  const char *inputs[MOST_INPUTS] = {b->last};
  char *attributes[MOST_ATTRIBUTES], *rest = NULL;
  size_t input_count = 1, attribute_count = 0;
  const char *type = strtok_r(text, " ", &rest);
  for (char *word = strtok_r(NULL, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
    bool names = strchr(word, '=') != NULL;
    if (!has_room(b, names ? attribute_count : input_count, names ? MOST_ATTRIBUTES : MOST_INPUTS))
      return;
    if (names)
      attributes[attribute_count++] = word;
    else
      inputs[input_count++] = add_operand(b, in, word);
  }
  if (b->status != NNT_OK) return;
  Onnx__NodeProto *node = add_node_of(b, type, input_count, inputs);
  for (size_t i = 0; i < attribute_count; ++i) set_attribute(b, node, attributes[i]);
}

/* A list of operators, separated by " | "; "": none. Numbers are read as the C locale has them. */
static void add_operators(builder *b, const scope *where, const char *list) {
  scope in = *where;
  char *text = make_text(b, list), *rest = NULL;
  if (text == NULL) return;
  in.x = b->last;
  nnt_c_locale numbers = nnt_c_locale_begin();
  for (char *one = strtok_r(text, "|", &rest); one != NULL; one = strtok_r(NULL, "|", &rest))
    add_operator(b, &in, one);
  nnt_c_locale_end(&numbers);
}

/* The units of all layers, but for what is there in training alone. */
static void add_units(builder *b, const nnt_model *model, const nnt_layout *layout,
                      const float *parameters) {
  nnt_unit *units = take(b, NNT_MAX_UNITS * sizeof *units);
  if (units == NULL) return;
  int count = nnt_units_of(model, units);
  for (int u = 0; u < count && b->status == NNT_OK; ++u) {
    const scope in = {.layout = layout, .parameters = parameters, .layer = units[u].layer};
    add_operators(b, &in, units[u].kind->onnx);
    add_operators(b, &in, nnt_activation_row_of(units[u].activation)->onnx);
  }
}

/* From the last layer to the outputs: as nnt_loss_outputs. */
static void add_outputs(builder *b, const nnt_model *model) {
  const char *z = b->last, *type = "Identity";
  if (model->loss == NNT_CROSS_ENTROPY) type = "Softmax";
  if (model->loss == NNT_BINARY_CROSS_ENTROPY) type = "Sigmoid";
  if (model->loss == NNT_POISSON) type = "Exp";
  Onnx__NodeProto *node = add_node(b, type, 1, z, NULL);
  char *name = make_text(b, "output");
  if (model->loss == NNT_CROSS_ENTROPY) set_int(b, node, "axis", 1);
  if (b->status != NNT_OK) return;
  node->output[0] = name;
  b->last = name;
  if (model->target != NNT_TARGET_CLASS) return;
  node = add_node(b, "ArgMax", 1, name, NULL);
  set_int(b, node, "axis", 1);
  set_int(b, node, "keepdims", 0);
  name = make_text(b, "class");
  if (b->status == NNT_OK) node->output[0] = name;
}

static void add_graph(builder *b, const nnt_model *model, const float *parameters) {
  nnt_layout layout = nnt_layout_of(model);
  b->last = "x";
  if (model->normalization != NNT_NORMALIZE_NONE) {
    const char *shift = add_tensor(b, "input_shift", 1, nnt_model_inputs(model), 0, model->shift);
    const char *scale = add_tensor(b, "input_scale", 1, nnt_model_inputs(model), 0, model->scale);
    (void)add_node(b, "Sub", 2, b->last, shift);
    (void)add_node(b, "Mul", 2, b->last, scale);
  }
  add_units(b, model, &layout, parameters);
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
  char *own_name = make_text(b, name), *rows = make_text(b, "N");
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
