/* Reading a data set: FORMAT.md has the layout. Local to the rank.
 *
 * Errors: NNT_BAD_INPUT with file and dataset when the file does not hold what it should;
 * NNT_IO_ERROR. */
#ifndef NNT_IO_DATASET_FILE_H
#define NNT_IO_DATASET_FILE_H

#include <nntrain/comm.h>
#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernels/elementwise.h"

/* Where a data set lies; strings are borrowed. */
typedef struct nnt_dataset_place {
  const char *path;
  const char *group;       /* NULL: the root */
  const char *x_name;      /* NULL: "x" */
  const char *y_name;      /* NULL: "y" */
  const char *weight_name; /* of the samples' weights; NULL: none */
} nnt_dataset_place;

typedef struct nnt_dataset_file nnt_dataset_file;

/* What was found. */
typedef struct nnt_dataset_shape {
  int64_t samples;
  int64_t features;      /* all dimensions after the first, flattened */
  int64_t height, width; /* of an image, x of [samples, height, width]; else 0 */
  nnt_element element;   /* type in memory: 8- and 16-bit integers stay, the rest becomes float32 */
  bool ranged;           /* x is of an 8- or 16-bit integer type */
  bool has_y;
  bool y_integer;     /* y is of an integer type */
  bool y_vector;      /* y has one dimension */
  int64_t y_columns;  /* 1 for a vector */
  int64_t chunk_rows; /* rows of a chunk of x; 1 when not chunked */
  char **class_names; /* borrowed from the file; NULL when there are none */
  int64_t class_name_count;
} nnt_dataset_shape;

/* Opens and checks; with `need_y`, y has to be there, and weights wherever they have a name. */
nnt_status nnt_dataset_file_open(const nnt_dataset_place *place, bool need_y,
                                 nnt_dataset_file **out, nnt_error *error) NNT_MUST_CHECK;
/* Collective: from here nnt_dataset_file_read_x is collective too, each rank with its own samples
 * or none, and so is closing. */
nnt_status nnt_dataset_file_share(nnt_dataset_file *file, nnt_comm *comm,
                                  nnt_error *error) NNT_MUST_CHECK;
void nnt_dataset_file_close(nnt_dataset_file **file);
const nnt_dataset_shape *nnt_dataset_file_shape(const nnt_dataset_file *file);
/* Hands the class names over to the caller, who frees them with free(). NULL when there are none.
 */
char **nnt_dataset_file_take_class_names(nnt_dataset_file *file);
/* "FILE" or "FILE:GROUP", for messages. */
const char *nnt_dataset_file_name(const nnt_dataset_file *file);

/* Samples [first, first + count) into `out` [count, features] of shape.element. Values that are
 * not finite are an error that names row and column. */
nnt_status nnt_dataset_file_read_x(nnt_dataset_file *file, int64_t first, int64_t count, void *out,
                                   nnt_error *error) NNT_MUST_CHECK;
/* y as class indices [count]; negative ones are an error. */
nnt_status nnt_dataset_file_read_classes(nnt_dataset_file *file, int64_t first, int64_t count,
                                         int32_t *out, nnt_error *error) NNT_MUST_CHECK;
/* y as floats [count, y_columns]; values that are not finite are an error. */
nnt_status nnt_dataset_file_read_targets(nnt_dataset_file *file, int64_t first, int64_t count,
                                         float *out, nnt_error *error) NNT_MUST_CHECK;

/* The samples' weights [count]; those that are below 0 or not finite are an error. */
nnt_status nnt_dataset_file_read_weights(nnt_dataset_file *file, int64_t first, int64_t count,
                                         float *out, nnt_error *error) NNT_MUST_CHECK;

/* To be asked after reading: whether nothing of the file was cut off meanwhile, which would have
 * been read as zeros. Errors: NNT_IO_ERROR. */
nnt_status nnt_dataset_file_check_length(const nnt_dataset_file *file,
                                         nnt_error *error) NNT_MUST_CHECK;

#endif
