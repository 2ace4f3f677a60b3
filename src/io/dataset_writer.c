/* Writing a data set. */
#include "io/dataset_writer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/partition.h"
#include "io/atomic_file.h"

/* Bytes of x that are written at once, and per chunk. */
#define BLOCK_BYTES ((int64_t)1 << 20)
#define MAX_BLOCK_ROWS 65536
/* Rows of y per chunk, and remapped at once. */
#define Y_BLOCK_ROWS 65536

struct nnt_dataset_writer {
  const nnt_convert_output *output;
  nnt_dataset_layout layout;
  nnt_atomic_file *place;
  nnt_h5 *file;
  char *group; /* owned; "/" or "/train" */
  char *x_path, *y_path;
  int64_t block; /* samples */
  int64_t samples;
};

static int64_t type_bytes(nnt_h5_type type) {
  switch (type) {
    case NNT_H5_U8:
    case NNT_H5_I8:
      return 1;
    case NNT_H5_U16:
    case NNT_H5_I16:
      return 2;
    case NNT_H5_U32:
    case NNT_H5_I32:
    case NNT_H5_F32:
      return 4;
    case NNT_H5_I64:
    case NNT_H5_U64:
    case NNT_H5_F64:
    default:
      return 8;
  }
}

/* --- the output --- */

/* group + "/" + name, without a double slash; NULL if out of memory. */
static char *join(const char *group, const char *name) {
  size_t length = strlen(group);
  while (length > 0 && group[length - 1] == '/') --length;
  size_t size = length + strlen(name) + 2;
  char *path = malloc(size);
  if (path != NULL) (void)snprintf(path, size, "%.*s/%s", (int)length, group, name);
  return path;
}

static nnt_status name_paths(nnt_dataset_writer *writer, nnt_error *error) {
  const char *group = writer->output->group != NULL ? writer->output->group : "";
  while (*group == '/') ++group;
  writer->group = join("", group);
  if (writer->group == NULL) return nnt_fail_memory(error, strlen(group), "the name of a group");
  size_t length = strlen(writer->group);
  while (length > 1 && writer->group[length - 1] == '/') writer->group[--length] = '\0';
  writer->x_path = join(writer->group, "x");
  writer->y_path = join(writer->group, "y");
  if (writer->x_path == NULL || writer->y_path == NULL)
    return nnt_fail_memory(error, length, "the name of a dataset");
  return NNT_OK;
}

static bool is_root(const nnt_dataset_writer *writer) {
  return strcmp(writer->group, "/") == 0;
}

/* NNT_OK if the existing file may be replaced, or the group is free in it. */
static nnt_status check_existing(const nnt_dataset_writer *writer, nnt_error *error) {
  const nnt_convert_output *output = writer->output;
  nnt_h5 *existing = NULL;
  if (is_root(writer)) {
    if (output->force) return NNT_OK;
    return nnt_fail(error, NNT_BAD_INPUT,
                    "the output file exists\n%s\nadd --force to replace it, or add a group to it "
                    "with %.80s:GROUP",
                    output->path, output->path);
  }
  nnt_status status = nnt_h5_open(output->path, &existing, error);
  if (status != NNT_OK) return status;
  if (!output->force &&
      (nnt_h5_exists(existing, writer->x_path) || nnt_h5_exists(existing, writer->y_path)))
    status = nnt_fail(error, NNT_BAD_INPUT,
                      "the output group contains a data set\n%s, group %s\nadd --force to replace "
                      "it, or choose another group",
                      output->path, writer->group);
  nnt_h5_destroy(&existing);
  return status;
}

/* Removes from the copy what will be replaced. */
static nnt_status clear_group(nnt_dataset_writer *writer, nnt_error *error) {
  nnt_status status = nnt_h5_make_group(writer->file, writer->group, error);
  if (status == NNT_OK) status = nnt_h5_remove(writer->file, writer->x_path, error);
  if (status == NNT_OK) status = nnt_h5_remove(writer->file, writer->y_path, error);
  if (status == NNT_OK)
    status = nnt_h5_remove_attribute(writer->file, writer->group, "class_names", error);
  return status;
}

/* Makes the message name the file that the user knows, not the temporary one. */
static nnt_status rename_in_error(const nnt_dataset_writer *writer, nnt_status status,
                                  nnt_error *error) {
  if (status == NNT_OK || error == NULL || writer->place == NULL) return status;
  const char *temporary = nnt_atomic_path(writer->place);
  char *found = strstr(error->where, temporary);
  if (found == NULL) return status;
  char rest[sizeof error->where];
  (void)snprintf(rest, sizeof rest, "%s", found + strlen(temporary));
  (void)snprintf(found, sizeof error->where - (size_t)(found - error->where), "%.400s%s",
                 writer->output->path, rest);
  return status;
}

static nnt_status open_output(nnt_dataset_writer *writer, nnt_error *error) {
  const char *path = writer->output->path;
  bool exists = access(path, F_OK) == 0;
  nnt_status status = nnt_atomic_begin(path, &writer->place, error);
  if (status == NNT_OK && exists) status = check_existing(writer, error);
  if (status != NNT_OK) return status;
  const char *temporary = nnt_atomic_path(writer->place);
  if (exists && !is_root(writer)) {
    status = nnt_atomic_copy_from(writer->place, path, error);
    if (status == NNT_OK) status = nnt_h5_open_update(temporary, &writer->file, error);
  } else {
    status = nnt_h5_create(temporary, &writer->file, error);
  }
  if (status == NNT_OK) status = clear_group(writer, error);
  return rename_in_error(writer, status, error);
}

/* Bytes of one sample. */
static int64_t row_bytes(nnt_h5_type type, int rank, const int64_t *dims) {
  int64_t bytes = type_bytes(type);
  for (int i = 1; i < rank; ++i) bytes *= dims[i];
  return bytes;
}

static int64_t choose_block(const nnt_dataset_layout *layout) {
  int64_t row = nnt_max_i64(row_bytes(layout->x_type, layout->x_rank, layout->x_dims),
                            row_bytes(layout->y_type, layout->y_rank, layout->y_dims));
  return nnt_min_i64(nnt_max_i64(BLOCK_BYTES / row, 1), MAX_BLOCK_ROWS);
}

nnt_status nnt_dataset_writer_begin(const nnt_convert_output *output,
                                    const nnt_dataset_layout *layout, nnt_dataset_writer **out,
                                    nnt_error *error) {
  *out = NULL;
  nnt_dataset_writer *writer = calloc(1, sizeof *writer);
  if (writer == NULL) return nnt_fail_memory(error, sizeof *writer, "a data set");
  writer->output = output;
  writer->layout = *layout;
  writer->block = choose_block(layout);
  nnt_status status = name_paths(writer, error);
  if (status == NNT_OK) status = open_output(writer, error);
  if (status != NNT_OK)
    nnt_dataset_writer_abandon(&writer);
  else
    *out = writer;
  return status;
}

/* --- samples --- */

int64_t nnt_dataset_writer_block(const nnt_dataset_writer *writer) {
  return writer->block;
}

/* A data set that fits into one block gets a single chunk. */
static nnt_status make_datasets(nnt_dataset_writer *writer, int64_t count, nnt_error *error) {
  const nnt_dataset_layout *layout = &writer->layout;
  int64_t y_row = row_bytes(layout->y_type, layout->y_rank, layout->y_dims);
  int64_t y_rows = nnt_min_i64(Y_BLOCK_ROWS, nnt_max_i64(BLOCK_BYTES / y_row, 1));
  if (count < writer->block) y_rows = count;
  nnt_status status =
      nnt_h5_make_growing(writer->file, writer->x_path, layout->x_type, layout->x_rank,
                          layout->x_dims, count, writer->output->compression, error);
  if (status != NNT_OK) return status;
  return nnt_h5_make_growing(writer->file, writer->y_path, layout->y_type, layout->y_rank,
                             layout->y_dims, y_rows, writer->output->compression, error);
}

nnt_status nnt_dataset_writer_add(nnt_dataset_writer *writer, int64_t count, const void *x,
                                  const void *y, nnt_error *error) {
  const nnt_dataset_layout *layout = &writer->layout;
  assert(count > 0 && count <= writer->block && writer->samples % writer->block == 0);
  nnt_status status = NNT_OK;
  if (writer->samples == 0) status = make_datasets(writer, count, error);
  if (status == NNT_OK)
    status = nnt_h5_write_rows(writer->file, writer->x_path, writer->samples, count, layout->x_type,
                               x, error);
  if (status == NNT_OK)
    status = nnt_h5_write_rows(writer->file, writer->y_path, writer->samples, count, layout->y_type,
                               y, error);
  writer->samples += count;
  return rename_in_error(writer, status, error);
}

nnt_status nnt_dataset_writer_remap(nnt_dataset_writer *writer, const int32_t *map,
                                    nnt_error *error) {
  int64_t block = nnt_min_i64(Y_BLOCK_ROWS, writer->samples);
  void *memory = NULL;
  nnt_status status =
      nnt_memory_allocate((size_t)block * sizeof(int32_t), "class labels", &memory, error);
  int32_t *y = memory;
  for (int64_t first = 0; first < writer->samples && status == NNT_OK; first += block) {
    int64_t count = nnt_min_i64(block, writer->samples - first);
    status = nnt_h5_read_rows(writer->file, writer->y_path, first, count, NNT_H5_I32, y, error);
    if (status != NNT_OK) break;
    for (int64_t i = 0; i < count; ++i) y[i] = map[y[i]];
    status = nnt_h5_write_rows(writer->file, writer->y_path, first, count, NNT_H5_I32, y, error);
  }
  nnt_memory_free(&memory);
  return rename_in_error(writer, status, error);
}

/* --- the end --- */

static void free_writer(nnt_dataset_writer **writer) {
  free((*writer)->group);
  free((*writer)->x_path);
  free((*writer)->y_path);
  free(*writer);
  *writer = NULL;
}

nnt_status nnt_dataset_writer_commit(nnt_dataset_writer **writer, char *const *class_names,
                                     int64_t class_name_count, nnt_error *error) {
  nnt_dataset_writer *w = *writer;
  nnt_status status = NNT_OK;
  if (class_names != NULL)
    status =
        nnt_h5_set_strings(w->file, w->group, "class_names", class_names, class_name_count, error);
  if (status == NNT_OK) status = nnt_h5_close(&w->file, error);
  status = rename_in_error(w, status, error);
  if (status != NNT_OK) {
    nnt_dataset_writer_abandon(writer);
    return status;
  }
  status = nnt_atomic_commit(&w->place, error);
  free_writer(writer);
  return status;
}

void nnt_dataset_writer_abandon(nnt_dataset_writer **writer) {
  if (*writer == NULL) return;
  nnt_h5_destroy(&(*writer)->file);
  nnt_atomic_abandon(&(*writer)->place);
  free_writer(writer);
}
