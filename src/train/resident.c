/* A data set held in memory, once a node. */
#include "train/resident.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/partition.h"
#include "comm/comm.h"

/* Bytes read at a time. */
#define PIECE_BYTES (INT64_C(8) << 20)

nnt_status nnt_target_mode_of(nnt_loss loss, const nnt_dataset_file *file, nnt_target_mode *out,
                              nnt_error *error) {
  const nnt_dataset_shape *shape = nnt_dataset_file_shape(file);
  bool classes = shape->y_integer && shape->y_vector;
  *out = NNT_READ_VALUES;
  if (loss == NNT_BINARY_CROSS_ENTROPY) *out = NNT_READ_SHARES;
  if (loss == NNT_CROSS_ENTROPY || (loss == NNT_QUADRATIC && classes)) *out = NNT_READ_CLASSES;
  if (*out == NNT_READ_CLASSES && !classes)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "cross-entropy needs classes, but y holds values\n%s\nstore y as integers "
                    "of shape [samples], or use --loss mse",
                    nnt_dataset_file_name(file));
  return NNT_OK;
}

/* This rank's samples of those that its node reads: whole chunks, so that none is unpacked
 * twice. */
static void own_range(const nnt_comm *comm, const nnt_dataset_shape *shape, int64_t *first,
                      int64_t *end) {
  int64_t chunks = nnt_ceil_div(shape->samples, shape->chunk_rows);
  int64_t rank = nnt_comm_node_rank(comm), size = nnt_comm_node_size(comm);
  *first = nnt_min_i64(nnt_partition_begin(chunks, size, rank) * shape->chunk_rows, shape->samples);
  *end =
      nnt_min_i64(nnt_partition_begin(chunks, size, rank + 1) * shape->chunk_rows, shape->samples);
}

static nnt_status check_shares(const nnt_resident *resident, const float *values, int64_t first,
                               int64_t count, nnt_error *error) {
  for (int64_t i = 0; i < count * resident->shape.y_columns; ++i) {
    if (values[i] < 0.0F || values[i] > 1.0F)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "a target of binary cross-entropy is not in [0, 1]\n%s, row %" PRId64
                      ": %g\nuse 0 and 1, or --loss cross-entropy for more classes",
                      resident->name, first + i / resident->shape.y_columns, (double)values[i]);
  }
  return NNT_OK;
}

static nnt_status read_y(const nnt_resident *resident, nnt_dataset_file *file, int64_t first,
                         int64_t count, void *y, int64_t *largest, nnt_error *error) {
  if (resident->mode == NNT_READ_CLASSES) {
    int32_t *classes = (int32_t *)y + first;
    nnt_status status = nnt_dataset_file_read_classes(file, first, count, classes, error);
    for (int64_t i = 0; i < count && status == NNT_OK; ++i)
      *largest = nnt_max_i64(*largest, classes[i]);
    return status;
  }
  float *targets = (float *)y + first * resident->shape.y_columns;
  nnt_status status = nnt_dataset_file_read_targets(file, first, count, targets, error);
  if (status == NNT_OK && resident->mode == NNT_READ_SHARES)
    status = check_shares(resident, targets, first, count, error);
  return status;
}

/* Reads this rank's part into the node's memory. */
static nnt_status read_part(const nnt_comm *comm, const nnt_resident *resident,
                            nnt_dataset_file *file, int64_t *largest, nnt_error *error) {
  const nnt_samples *samples = &resident->samples;
  int64_t first = 0, end = 0;
  int64_t row_bytes = samples->features * nnt_element_bytes(samples->element);
  int64_t chunk = resident->shape.chunk_rows;
  int64_t rows = nnt_max_i64(PIECE_BYTES / row_bytes / chunk, 1) * chunk;
  nnt_status status = NNT_OK;
  own_range(comm, &resident->shape, &first, &end);
  for (int64_t i = first; i < end && resident->x != NULL && status == NNT_OK; i += rows)
    status =
        nnt_dataset_file_read_x(file, i, nnt_min_i64(rows, end - i),
                                (char *)nnt_node_memory_data(resident->x) + i * row_bytes, error);
  if (status == NNT_OK && resident->y != NULL && end > first)
    status = read_y(resident, file, first, end - first, nnt_node_memory_data(resident->y), largest,
                    error);
  return status;
}

/* `bytes` is a double: the sizes that a file states need not fit into 64 bits. */
static nnt_status check_memory(const nnt_resident *resident, double bytes, nnt_error *error) {
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
  double available = pages > 0 && page > 0 ? (double)pages * (double)page : 9e18;
  if (bytes < available) return NNT_OK;
  return nnt_fail(error, NNT_OUT_OF_MEMORY,
                  "the data set does not fit into the node's memory\n%s needs %.1f GB, the node "
                  "has %.1f GB\nstore x as bytes or float32, or use a larger node",
                  resident->name, bytes * 1e-9, available * 1e-9);
}

/* Opens the file and settles what is to be read. Local. */
static nnt_status open_file(const nnt_resident_request *request, nnt_resident *resident,
                            nnt_dataset_file **file, nnt_error *error) {
  nnt_status status = nnt_dataset_file_open(&request->place, request->loss != NULL, file, error);
  if (status != NNT_OK) return status;
  resident->shape = *nnt_dataset_file_shape(*file);
  (void)snprintf(resident->name, sizeof resident->name, "%s", nnt_dataset_file_name(*file));
  resident->mode = NNT_READ_NOTHING;
  if (request->loss != NULL)
    status = nnt_target_mode_of(*request->loss, *file, &resident->mode, error);
  const nnt_dataset_shape *shape = &resident->shape;
  double row = (double)(shape->features * nnt_element_bytes(shape->element));
  if (resident->mode != NNT_READ_NOTHING) row += 4.0 * (double)shape->y_columns;
  double bytes = (double)shape->samples * row;
  resident->samples = (nnt_samples){
      .count = shape->samples, .features = shape->features, .element = shape->element};
  if (status == NNT_OK) status = check_memory(resident, bytes, error);
  if (status == NNT_OK) resident->bytes = (int64_t)bytes;
  return status;
}

static nnt_status allocate(nnt_comm *comm, const nnt_resident_request *request,
                           nnt_resident *resident, nnt_error *error) {
  nnt_samples *samples = &resident->samples;
  const nnt_dataset_shape *shape = &resident->shape;
  nnt_status status = NNT_OK;
  size_t x_bytes =
      (size_t)(samples->count * samples->features * nnt_element_bytes(samples->element));
  if (!request->without_x) {
    status = nnt_node_memory_create(comm, x_bytes, NNT_MEMORY_OF_NODE, &resident->x, error);
    if (status == NNT_OK) samples->x = nnt_node_memory_data(resident->x);
  }
  if (status != NNT_OK || resident->mode == NNT_READ_NOTHING) return status;
  size_t y_bytes = (size_t)(samples->count * shape->y_columns) * sizeof(float);
  status = nnt_node_memory_create(comm, y_bytes, NNT_MEMORY_OF_NODE, &resident->y, error);
  if (status != NNT_OK) return status;
  if (resident->mode == NNT_READ_CLASSES) {
    samples->classes = nnt_node_memory_data(resident->y);
  } else {
    samples->targets = nnt_node_memory_data(resident->y);
    samples->target_columns = shape->y_columns;
  }
  return NNT_OK;
}

/* The number of classes, from the labels and the names. */
static nnt_status count_classes(nnt_comm *comm, nnt_resident *resident, int64_t largest,
                                nnt_error *error) {
  resident->largest = -1;
  if (resident->mode != NNT_READ_CLASSES) return NNT_OK;
  nnt_status status = nnt_comm_max_int(comm, &largest, 1, error);
  if (status != NNT_OK) return status;
  resident->largest = largest;
  resident->classes = largest + 1;
  int64_t names = resident->shape.class_name_count;
  if (names == 0) return NNT_OK;
  if (largest >= names)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "a label is out of range\n%s: label %" PRId64 ", but %" PRId64
                    " class names\ncorrect y or the attribute class_names",
                    resident->name, largest, names);
  resident->classes = names;
  return NNT_OK;
}

nnt_status nnt_resident_load(nnt_comm *comm, const nnt_resident_request *request,
                             nnt_resident **out, nnt_error *error) {
  nnt_dataset_file *file = NULL;
  int64_t largest = 0;
  *out = NULL;
  nnt_resident *resident = calloc(1, sizeof *resident);
  nnt_status status = resident != NULL ? open_file(request, resident, &file, error)
                                       : nnt_fail_memory(error, sizeof *resident, "a data set");
  if (status == NNT_OK && file != NULL) {
    resident->class_names = nnt_dataset_file_take_class_names(file);
    resident->shape.class_names = resident->class_names;
  }
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = allocate(comm, request, resident, error);
  if (status == NNT_OK) {
    status = read_part(comm, resident, file, &largest, error);
    status = nnt_comm_agree(comm, status, error);
  }
  if (status == NNT_OK && resident->x != NULL) status = nnt_node_memory_sync(resident->x, error);
  if (status == NNT_OK && resident->y != NULL) status = nnt_node_memory_sync(resident->y, error);
  if (status == NNT_OK) status = count_classes(comm, resident, largest, error);
  nnt_dataset_file_close(&file);
  if (status != NNT_OK) {
    nnt_resident_destroy(&resident);
    return status;
  }
  *out = resident;
  return NNT_OK;
}

/* The first label that the network does not know. */
static nnt_status fail_label(const nnt_resident *resident, int64_t outputs, nnt_error *error) {
  int64_t row = 0;
  while (resident->samples.classes[row] < outputs) ++row;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "a label is out of range\n%s, row %" PRId64 ": label %d, the network has %" PRId64
                  " classes\ncorrect y, or train with data that holds every class",
                  resident->name, row, resident->samples.classes[row], outputs);
}

nnt_status nnt_resident_check_classes(const nnt_resident *resident, int64_t outputs,
                                      char *const *names, int64_t name_count, nnt_error *error) {
  if (resident->largest >= outputs) return fail_label(resident, outputs, error);
  int64_t both = nnt_min_i64(name_count, resident->shape.class_name_count);
  for (int64_t i = 0; i < both && resident->class_names != NULL && names != NULL; ++i) {
    if (strcmp(names[i], resident->class_names[i]) != 0)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "the classes have other names\n%s: class %" PRId64
                      " is '%s', in training it was '%s'\nconvert both with the same "
                      "--class-names",
                      resident->name, i, resident->class_names[i], names[i]);
  }
  return NNT_OK;
}

void nnt_resident_destroy(nnt_resident **resident) {
  if (*resident == NULL) return;
  nnt_node_memory_destroy(&(*resident)->x);
  nnt_node_memory_destroy(&(*resident)->y);
  free((*resident)->class_names);
  free(*resident);
  *resident = NULL;
}
