/* Reading one file of a data set; FORMAT.md has the layout. Not collective unless stated otherwise.
 *
 * Errors: NNT_BAD_INPUT with file and dataset if the contents of the file are wrong;
 * NNT_IO_ERROR. */
#ifndef NNT_IO_DATASET_FILE_H
#define NNT_IO_DATASET_FILE_H

#include <nntrain/comm.h>
#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernels/elementwise.h"

/* Where a data set is; strings are borrowed. */
typedef struct nnt_dataset_place {
  const char *path;
  const char *group;       /* NULL: the root */
  const char *x_name;      /* NULL: "x" */
  const char *y_name;      /* NULL: "y" */
  const char *weight_name; /* sample weights; NULL: none */
} nnt_dataset_place;

typedef struct nnt_dataset_file nnt_dataset_file;

/* Shape and types of a data set. */
typedef struct nnt_dataset_shape {
  int64_t samples;
  int64_t features;      /* all dimensions after the first, flattened */
  int64_t height, width; /* of an image, x of [samples, height, width]; else 0 */
  nnt_element element; /* type in memory: 8- and 16-bit integers are kept, others become float32 */
  bool ranged;         /* x has an 8- or 16-bit integer type */
  bool has_y;
  bool y_integer;     /* y has an integer type */
  bool y_vector;      /* y has one dimension */
  int64_t y_columns;  /* 1 for a vector */
  int64_t chunk_rows; /* rows per chunk of x; 1 if not chunked */
  char **class_names; /* borrowed from the file; NULL if there are none */
  int64_t class_name_count;
} nnt_dataset_shape;

/* Opens and checks. With `need_y`, y must exist; weights must exist if they have a name. */
nnt_status nnt_dataset_file_open(const nnt_dataset_place *place, bool need_y,
                                 nnt_dataset_file **out, nnt_error *error) NNT_MUST_CHECK;
/* Collective. Makes nnt_dataset_file_read_x collective, each rank with samples of its own or none,
 * and closing too. */
nnt_status nnt_dataset_file_share(nnt_dataset_file *file, nnt_comm *comm,
                                  nnt_error *error) NNT_MUST_CHECK;
void nnt_dataset_file_close(nnt_dataset_file **file);
const nnt_dataset_shape *nnt_dataset_file_shape(const nnt_dataset_file *file);
/* Passes ownership of the class names to the caller, who frees them with free(). NULL if there are
 * none. */
char **nnt_dataset_file_take_class_names(nnt_dataset_file *file);
/* "FILE" or "FILE:GROUP", for messages. */
const char *nnt_dataset_file_name(const nnt_dataset_file *file);

/* Samples [first, first + count) into `out` [count, features] of shape.element. A value
 * that is not finite is an error with its row and column. */
nnt_status nnt_dataset_file_read_x(nnt_dataset_file *file, int64_t first, int64_t count, void *out,
                                   nnt_error *error) NNT_MUST_CHECK;
/* y as class indices [count]; a negative one is an error. */
nnt_status nnt_dataset_file_read_classes(nnt_dataset_file *file, int64_t first, int64_t count,
                                         int32_t *out, nnt_error *error) NNT_MUST_CHECK;
/* y as floats [count, y_columns]; a value that is not finite is an error. */
nnt_status nnt_dataset_file_read_targets(nnt_dataset_file *file, int64_t first, int64_t count,
                                         float *out, nnt_error *error) NNT_MUST_CHECK;

/* Sample weights [count]; one that is negative or not finite is an error. */
nnt_status nnt_dataset_file_read_weights(nnt_dataset_file *file, int64_t first, int64_t count,
                                         float *out, nnt_error *error) NNT_MUST_CHECK;

/* NNT_IO_ERROR if the file was truncated while it was read: the missing part was read as zeros. */
nnt_status nnt_dataset_file_check_length(const nnt_dataset_file *file,
                                         nnt_error *error) NNT_MUST_CHECK;

#endif
