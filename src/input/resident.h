/* A data set: opened, then either loaded into memory, one copy per node, read in parallel by the
 * node's ranks, or read part by part as needed (stream.h). Collective unless said otherwise. */
#ifndef NNT_INPUT_RESIDENT_H
#define NNT_INPUT_RESIDENT_H

#include <nntrain/comm.h>
#include <nntrain/evaluate.h>
#include <nntrain/streaming.h>

#include "comm/node_memory.h"
#include "data/samples.h"
#include "io/dataset.h"
#include "net/model.h"

/* How y is read. */
typedef enum nnt_target_mode {
  NNT_READ_NOTHING,
  NNT_READ_CLASSES, /* class indices */
  NNT_READ_VALUES,  /* floats */
  NNT_READ_SHARES,  /* floats in [0, 1] */
  NNT_READ_RATES    /* floats from 0 */
} nnt_target_mode;

/* The mode that a loss needs for this file. Local. Errors: NNT_BAD_INPUT when they do not match. */
nnt_status nnt_target_mode_of(nnt_loss loss, const nnt_dataset *data, nnt_target_mode *out,
                              nnt_error *error) NNT_MUST_CHECK;

/* Which part of a data set is read, and how. */
typedef struct nnt_resident_request {
  nnt_dataset_place place;
  const nnt_loss *loss; /* how to read y; NULL: y is not read */
  nnt_selection selection;
} nnt_resident_request;

typedef struct nnt_resident {
  nnt_samples samples;     /* only sizes until it is loaded, and if it is streamed */
  nnt_dataset_shape shape; /* class_names point into `class_names` */
  nnt_target_mode mode;
  int64_t y_row_bytes;     /* of the targets of a sample in memory */
  int64_t largest;         /* largest label; -1 without classes */
  int64_t largest_row;     /* its first row */
  int64_t classes;         /* largest + 1, or the number of class names; 0 without classes */
  char name[400];          /* for messages */
  char **class_names;      /* owned */
  nnt_index_set *selected; /* rows of the file that it consists of; NULL: all */
  nnt_dataset *source;
  nnt_node_memory *x, *y;   /* NULL: not loaded */
  nnt_node_memory *weights; /* NULL: none (input/sample_weights.h) */
} nnt_resident;

/* Opens the files and determines what is to be read. */
nnt_status nnt_resident_open(nnt_comm *comm, const nnt_resident_request *request,
                             nnt_resident **out, nnt_error *error) NNT_MUST_CHECK;
/* Reads everything into memory, and closes the file. */
nnt_status nnt_resident_load(nnt_comm *comm, nnt_resident *resident, nnt_io io,
                             nnt_error *error) NNT_MUST_CHECK;
/* Reads only the labels, to count the classes; the file stays open. */
nnt_status nnt_resident_scan(nnt_comm *comm, nnt_resident *resident,
                             nnt_error *error) NNT_MUST_CHECK;
/* Reads samples [first, first + count) of an open file, in their layout in memory. Local; after
 * nnt_resident_share x is read collectively. */
nnt_status nnt_resident_read(const nnt_resident *resident, int64_t first, int64_t count, void *x,
                             void *y, nnt_error *error) NNT_MUST_CHECK;
nnt_status nnt_resident_share(nnt_comm *comm, nnt_resident *resident,
                              nnt_error *error) NNT_MUST_CHECK;
/* To be called after reading: whether the file was not truncated meanwhile. Local. */
nnt_status nnt_resident_check_length(const nnt_resident *resident, nnt_error *error) NNT_MUST_CHECK;
/* The row of a sample in the data set, counted over all files. Local. */
int64_t nnt_resident_row(const nnt_resident *resident, int64_t position);
/* Bytes of a sample in memory. Local. */
int64_t nnt_resident_row_bytes(const nnt_resident *resident);

/* Whether the data set's classes match a network with `outputs` outputs and these names (NULL:
 * unnamed): no larger label, and no other names. Local. Errors: NNT_BAD_INPUT. */
nnt_status nnt_resident_check_classes(const nnt_resident *resident, int64_t outputs,
                                      char *const *names, int64_t name_count,
                                      nnt_error *error) NNT_MUST_CHECK;
/* Collective. *resident may be NULL. */
void nnt_resident_destroy(nnt_resident **resident);

#endif
