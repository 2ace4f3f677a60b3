/* A data set, loaded into memory or read part by part. */
#include "input/resident.h"

#include <inttypes.h>
#include <math.h>
#include <nntrain/stop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/machine.h"
#include "base/memory.h"
#include "base/partition.h"
#include "comm/comm.h"

/* Bytes read at a time. */
#define PIECE_BYTES (INT64_C(8) << 20)
/* Labels read at a time when only labels are needed. */
#define SCAN_ROWS 65536

nnt_status nnt_target_mode_of(nnt_loss loss, const nnt_dataset *data, nnt_target_mode *out,
                              nnt_error *error) {
  const nnt_dataset_shape *shape = nnt_dataset_shape_of(data);
  bool classes = shape->y_integer && shape->y_vector;
  *out = NNT_READ_VALUES;
  if (loss == NNT_BINARY_CROSS_ENTROPY) *out = NNT_READ_SHARES;
  if (loss == NNT_POISSON) *out = NNT_READ_RATES;
  if (loss == NNT_CROSS_ENTROPY || loss == NNT_HINGE || (loss == NNT_QUADRATIC && classes))
    *out = NNT_READ_CLASSES;
  if (*out == NNT_READ_CLASSES && !classes)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "%s needs classes, but y contains values\n%s\nstore y as integers "
                    "of shape [samples], or use --loss mse",
                    nnt_loss_name(loss), nnt_dataset_name(data));
  return NNT_OK;
}

/* This rank's share of what its node reads: whole HDF5 chunks, so that none is decompressed
 * twice. */
static void own_range(const nnt_comm *comm, const nnt_dataset_shape *shape, int64_t *first,
                      int64_t *end) {
  int64_t chunks = nnt_ceil_div(shape->samples, shape->chunk_rows);
  int64_t rank = nnt_comm_node_rank(comm), size = nnt_comm_node_size(comm);
  *first = nnt_min_i64(nnt_partition_begin(chunks, size, rank) * shape->chunk_rows, shape->samples);
  *end =
      nnt_min_i64(nnt_partition_begin(chunks, size, rank + 1) * shape->chunk_rows, shape->samples);
}

int64_t nnt_resident_row(const nnt_resident *resident, int64_t position) {
  return resident->selected != NULL ? nnt_index_set_row(resident->selected, position) : position;
}

static nnt_status check_shares(const nnt_resident *resident, const float *values, int64_t first,
                               int64_t count, nnt_error *error) {
  for (int64_t i = 0; i < count * resident->shape.y_columns; ++i) {
    if (values[i] < 0.0F || values[i] > 1.0F)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "a target of binary cross-entropy is not in [0, 1]\n%s, row %" PRId64
                      ": %g\nuse 0 and 1, or --loss cross-entropy for more classes",
                      resident->name,
                      nnt_resident_row(resident, first + i / resident->shape.y_columns),
                      (double)values[i]);
  }
  return NNT_OK;
}

static nnt_status check_rates(const nnt_resident *resident, const float *values, int64_t first,
                              int64_t count, nnt_error *error) {
  for (int64_t i = 0; i < count * resident->shape.y_columns; ++i) {
    if (values[i] < 0.0F)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "a target of the Poisson loss is below 0\n%s, row %" PRId64
                      ": %g\nuse counts or rates, or another --loss",
                      resident->name,
                      nnt_resident_row(resident, first + i / resident->shape.y_columns),
                      (double)values[i]);
  }
  return NNT_OK;
}

static nnt_status check_labels(const nnt_resident *resident, const int32_t *classes, int64_t first,
                               int64_t count, nnt_error *error) {
  for (int64_t i = 0; i < count; ++i) {
    if (classes[i] > resident->largest)
      return nnt_fail(
          error, NNT_IO_ERROR,
          "the data set changed while it was read\n%s, row %" PRId64 ": label %d, %" PRId64
          " was the largest\ndo not modify the file during a run",
          resident->name, nnt_resident_row(resident, first + i), classes[i], resident->largest);
  }
  return NNT_OK;
}

static nnt_status read_y(const nnt_resident *resident, int64_t first, int64_t count, void *y,
                         nnt_error *error) {
  if (resident->mode == NNT_READ_CLASSES)
    return nnt_dataset_read_classes(resident->source, first, count, y, error);
  nnt_status status = nnt_dataset_read_targets(resident->source, first, count, y, error);
  if (status == NNT_OK && resident->mode == NNT_READ_SHARES)
    status = check_shares(resident, y, first, count, error);
  if (status == NNT_OK && resident->mode == NNT_READ_RATES)
    status = check_rates(resident, y, first, count, error);
  return status;
}

nnt_status nnt_resident_read(const nnt_resident *resident, int64_t first, int64_t count, void *x,
                             void *y, nnt_error *error) {
  nnt_status status = nnt_dataset_read_x(resident->source, first, count, x, error);
  if (status != NNT_OK || count == 0 || resident->mode == NNT_READ_NOTHING) return status;
  status = read_y(resident, first, count, y, error);
  if (status == NNT_OK && resident->mode == NNT_READ_CLASSES)
    status = check_labels(resident, y, first, count, error);
  return status;
}

nnt_status nnt_resident_check_length(const nnt_resident *resident, nnt_error *error) {
  return nnt_dataset_check_length(resident->source, error);
}

nnt_status nnt_resident_share(nnt_comm *comm, nnt_resident *resident, nnt_error *error) {
  return nnt_dataset_share(resident->source, comm, error);
}

int64_t nnt_resident_row_bytes(const nnt_resident *resident) {
  const nnt_samples *samples = &resident->samples;
  return samples->features * nnt_element_bytes(samples->element) + resident->y_row_bytes;
}

static void update_largest(nnt_resident *resident, const int32_t *classes, int64_t first,
                           int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    if (classes[i] <= resident->largest) continue;
    resident->largest = classes[i];
    resident->largest_row = nnt_resident_row(resident, first + i);
  }
}

/* A stop request ends the reading, which can take minutes. Local. */
static nnt_status check_stop(const nnt_resident *resident, nnt_error *error) {
  if (nnt_stop_requested() == 0) return NNT_OK;
  return nnt_fail(error, NNT_STOPPED,
                  "stopped by a signal\nwhile reading %s, before the first step\nrestart with "
                  "--resume",
                  resident->name);
}

/* Reads this rank's part into the node's memory. In collective reads, ranks that are done or have
 * failed still participate, without samples. */
static nnt_status read_part(nnt_comm *comm, nnt_resident *resident, nnt_io io, nnt_error *error) {
  const nnt_samples *samples = &resident->samples;
  int64_t first = 0, end = 0;
  int64_t row_bytes = samples->features * nnt_element_bytes(samples->element);
  int64_t chunk = resident->shape.chunk_rows;
  int64_t rows = nnt_max_i64(PIECE_BYTES / row_bytes / chunk, 1) * chunk;
  own_range(comm, &resident->shape, &first, &end);
  int64_t pieces = nnt_ceil_div(end - first, rows);
  nnt_status status = io == NNT_IO_COLLECTIVE ? nnt_comm_max_int(comm, &pieces, 1, error) : NNT_OK;
  for (int64_t i = 0; i < pieces; ++i) {
    bool own = status == NNT_OK && first + i * rows < end;
    if (!own && io != NNT_IO_COLLECTIVE) break;
    int64_t begin = own ? first + i * rows : 0;
    nnt_status read =
        nnt_dataset_read_x(resident->source, begin, own ? nnt_min_i64(rows, end - begin) : 0,
                           (char *)nnt_node_memory_data(resident->x) + begin * row_bytes, error);
    if (status == NNT_OK) status = read;
    if (status == NNT_OK) status = check_stop(resident, error);
  }
  if (status != NNT_OK || resident->y == NULL || end == first) return status;
  char *y = (char *)nnt_node_memory_data(resident->y) + first * resident->y_row_bytes;
  status = read_y(resident, first, end - first, y, error);
  if (status == NNT_OK && resident->mode == NNT_READ_CLASSES)
    update_largest(resident, (const int32_t *)(const void *)y, first, end - first);
  return status;
}

/* Scans the labels of this rank's part, in temporary memory. */
static nnt_status scan_part(const nnt_comm *comm, nnt_resident *resident, nnt_error *error) {
  int64_t samples = resident->samples.count, first = nnt_comm_rank(comm);
  void *labels = NULL;
  int64_t begin = nnt_partition_begin(samples, nnt_comm_size(comm), first);
  int64_t end = nnt_partition_begin(samples, nnt_comm_size(comm), first + 1);
  nnt_status status = nnt_memory_allocate(SCAN_ROWS * sizeof(int32_t), "labels", &labels, error);
  for (int64_t i = begin; i < end && status == NNT_OK; i += SCAN_ROWS) {
    int64_t count = nnt_min_i64(SCAN_ROWS, end - i);
    status = read_y(resident, i, count, labels, error);
    if (status == NNT_OK) update_largest(resident, labels, i, count);
    if (status == NNT_OK) status = check_stop(resident, error);
  }
  nnt_memory_free(&labels);
  return status;
}

static nnt_status check_memory(const nnt_comm *comm, const nnt_resident *resident,
                               nnt_error *error) {
  /* A double: the sizes in a file need not fit into 64 bits. */
  double bytes = (double)resident->samples.count * (double)nnt_resident_row_bytes(resident);
  double most = (double)nnt_machine_memory();
  if (nnt_comm_node_size(comm) > 1) most = fmin(most, (double)nnt_machine_shareable());
  if (bytes < most) return NNT_OK;
  return nnt_fail(error, NNT_OUT_OF_MEMORY,
                  "the data set does not fit into the node's memory\n%s needs %.1f GB, the node "
                  "has %.1f GB%s\nuse --data-mode streaming, or a larger node",
                  resident->name, bytes * 1e-9, most * 1e-9,
                  most < (double)nnt_machine_memory() ? " in /dev/shm" : "");
}

static nnt_status read_classes(void *context, int64_t first, int64_t count, int32_t *out,
                               nnt_error *error) {
  return nnt_dataset_read_classes(context, first, count, out, error);
}

/* Local. */
static nnt_status select_rows(const nnt_selection *selection, nnt_resident *resident,
                              nnt_error *error) {
  const nnt_dataset_shape *shape = nnt_dataset_shape_of(resident->source);
  const char *name = nnt_dataset_name(resident->source);
  if (nnt_selection_is_whole(selection)) return NNT_OK;
  if (selection->stratify && !(shape->y_integer && shape->y_vector))
    return nnt_fail(error, NNT_BAD_INPUT,
                    "only classes can be stratified\n%s: y contains values\nomit --stratify, or "
                    "store y as integers of shape [samples]",
                    name);
  nnt_status status = nnt_index_set_create(selection, shape->samples, name, read_classes,
                                           resident->source, &resident->selected, error);
  return status == NNT_OK ? nnt_dataset_select(resident->source, resident->selected, error)
                          : status;
}

/* Local. */
static nnt_status open_file(const nnt_resident_request *request, nnt_resident *resident,
                            nnt_error *error) {
  bool need_y = request->loss != NULL || request->selection.stratify;
  nnt_status status = nnt_dataset_open(&request->place, need_y, &resident->source, error);
  if (status == NNT_OK) status = select_rows(&request->selection, resident, error);
  if (status != NNT_OK) return status;
  const nnt_dataset_shape *shape = &resident->shape;
  resident->class_names = nnt_dataset_take_class_names(resident->source);
  resident->shape = *nnt_dataset_shape_of(resident->source);
  resident->shape.class_names = resident->class_names;
  (void)snprintf(resident->name, sizeof resident->name, "%s", nnt_dataset_name(resident->source));
  resident->largest = -1;
  resident->mode = NNT_READ_NOTHING;
  resident->samples = (nnt_samples){
      .count = shape->samples, .features = shape->features, .element = shape->element};
  if (request->loss == NULL) return NNT_OK;
  status = nnt_target_mode_of(*request->loss, resident->source, &resident->mode, error);
  resident->y_row_bytes = shape->y_columns * (int64_t)sizeof(float);
  if (resident->mode != NNT_READ_CLASSES) resident->samples.target_columns = shape->y_columns;
  return status;
}

static nnt_status allocate(nnt_comm *comm, nnt_resident *resident, nnt_error *error) {
  nnt_samples *samples = &resident->samples;
  size_t x_bytes =
      (size_t)(samples->count * samples->features * nnt_element_bytes(samples->element));
  nnt_status status = nnt_comm_agree(comm, check_memory(comm, resident, error), error);
  if (status == NNT_OK)
    status = nnt_node_memory_create(comm, x_bytes, NNT_MEMORY_OF_NODE, &resident->x, error);
  if (status != NNT_OK) return status;
  samples->x = nnt_node_memory_data(resident->x);
  if (resident->mode == NNT_READ_NOTHING) return NNT_OK;
  size_t y_bytes = (size_t)(samples->count * resident->y_row_bytes);
  status = nnt_node_memory_create(comm, y_bytes, NNT_MEMORY_OF_NODE, &resident->y, error);
  if (status != NNT_OK) return status;
  if (resident->mode == NNT_READ_CLASSES)
    samples->classes = nnt_node_memory_data(resident->y);
  else
    samples->targets = nnt_node_memory_data(resident->y);
  return NNT_OK;
}

/* The number of classes, from the labels of all ranks and the class names. */
static nnt_status count_classes(nnt_comm *comm, nnt_resident *resident, nnt_error *error) {
  int64_t largest = resident->largest;
  if (resident->mode != NNT_READ_CLASSES) return NNT_OK;
  nnt_status status = nnt_comm_max_int(comm, &largest, 1, error);
  int64_t row = resident->largest == largest ? -resident->largest_row : INT64_MIN;
  if (status == NNT_OK) status = nnt_comm_max_int(comm, &row, 1, error);
  if (status != NNT_OK) return status;
  resident->largest = largest;
  resident->largest_row = -row;
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

nnt_status nnt_resident_open(nnt_comm *comm, const nnt_resident_request *request,
                             nnt_resident **out, nnt_error *error) {
  *out = NULL;
  nnt_resident *resident = calloc(1, sizeof *resident);
  nnt_status status = resident != NULL ? open_file(request, resident, error)
                                       : nnt_fail_memory(error, sizeof *resident, "a data set");
  status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK) {
    nnt_resident_destroy(&resident);
    return status;
  }
  *out = resident;
  return NNT_OK;
}

nnt_status nnt_resident_load(nnt_comm *comm, nnt_resident *resident, nnt_io io, nnt_error *error) {
  nnt_status status = allocate(comm, resident, error);
  if (status == NNT_OK && io == NNT_IO_COLLECTIVE)
    status = nnt_resident_share(comm, resident, error);
  if (status == NNT_OK) {
    status = read_part(comm, resident, io, error);
    status = nnt_comm_agree(comm, status, error);
  }
  if (status == NNT_OK) status = nnt_node_memory_sync(resident->x, error);
  if (status == NNT_OK && resident->y != NULL) status = nnt_node_memory_sync(resident->y, error);
  if (status == NNT_OK) status = count_classes(comm, resident, error);
  nnt_dataset_close(&resident->source);
  return status;
}

nnt_status nnt_resident_scan(nnt_comm *comm, nnt_resident *resident, nnt_error *error) {
  nnt_status status = NNT_OK;
  if (resident->mode == NNT_READ_CLASSES) status = scan_part(comm, resident, error);
  status = nnt_comm_agree(comm, status, error);
  return status == NNT_OK ? count_classes(comm, resident, error) : status;
}

nnt_status nnt_resident_check_classes(const nnt_resident *resident, int64_t outputs,
                                      char *const *names, int64_t name_count, nnt_error *error) {
  if (resident->largest >= outputs)
    return nnt_fail(error, NNT_BAD_INPUT,
                    "a label is out of range\n%s, row %" PRId64 ": label %" PRId64
                    ", the network has %" PRId64
                    " classes\ncorrect y, or train on data that contain every class",
                    resident->name, resident->largest_row, resident->largest, outputs);
  int64_t both = nnt_min_i64(name_count, resident->shape.class_name_count);
  for (int64_t i = 0; i < both && resident->class_names != NULL && names != NULL; ++i) {
    if (strcmp(names[i], resident->class_names[i]) != 0)
      return nnt_fail(error, NNT_BAD_INPUT,
                      "the class names differ from those of the network\n%s: class %" PRId64
                      " is '%s', in training it was '%s'\nconvert both with the same "
                      "--class-names",
                      resident->name, i, resident->class_names[i], names[i]);
  }
  return NNT_OK;
}

void nnt_resident_destroy(nnt_resident **resident) {
  if (*resident == NULL) return;
  nnt_dataset_close(&(*resident)->source);
  nnt_node_memory_destroy(&(*resident)->x);
  nnt_node_memory_destroy(&(*resident)->y);
  nnt_node_memory_destroy(&(*resident)->weights);
  nnt_index_set_destroy(&(*resident)->selected);
  free((*resident)->class_names);
  free(*resident);
  *resident = NULL;
}
