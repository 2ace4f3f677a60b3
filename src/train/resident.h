/* A data set held in memory, once a node, read in parallel by the node's ranks. Collective. */
#ifndef NNT_TRAIN_RESIDENT_H
#define NNT_TRAIN_RESIDENT_H

#include <nntrain/comm.h>
#include <nntrain/evaluate.h>

#include "comm/node_memory.h"
#include "data/samples.h"
#include "io/dataset_file.h"
#include "net/model.h"

/* How y is to be read. */
typedef enum nnt_target_mode {
  NNT_READ_NOTHING,
  NNT_READ_CLASSES, /* class indices */
  NNT_READ_VALUES,  /* floats */
  NNT_READ_SHARES   /* floats in [0, 1] */
} nnt_target_mode;

/* The mode that a loss needs for this file. Local. Errors: NNT_BAD_INPUT when they do not fit. */
nnt_status nnt_target_mode_of(nnt_loss loss, const nnt_dataset_file *file, nnt_target_mode *out,
                              nnt_error *error) NNT_MUST_CHECK;

/* What is wanted of a data set. */
typedef struct nnt_resident_request {
  nnt_dataset_place place;
  const nnt_loss *loss; /* how to read y; NULL: y is not read */
  bool without_x;       /* shapes and labels only, for a plan */
} nnt_resident_request;

typedef struct nnt_resident {
  nnt_samples samples;
  nnt_dataset_shape shape; /* class_names point into `class_names` */
  nnt_target_mode mode;
  int64_t largest;    /* largest label; -1 without classes */
  int64_t classes;    /* largest + 1, or the number of class names; 0 without classes */
  int64_t bytes;      /* of memory a node */
  char name[400];     /* for messages */
  char **class_names; /* owned */
  nnt_node_memory *x, *y;
} nnt_resident;

nnt_status nnt_resident_load(nnt_comm *comm, const nnt_resident_request *request,
                             nnt_resident **out, nnt_error *error) NNT_MUST_CHECK;
/* Whether the data set's classes are those of a network with `outputs` outputs and these names
 * (NULL: unnamed): no label beyond them, and no other names. Local. Errors: NNT_BAD_INPUT. */
nnt_status nnt_resident_check_classes(const nnt_resident *resident, int64_t outputs,
                                      char *const *names, int64_t name_count,
                                      nnt_error *error) NNT_MUST_CHECK;
/* Collective. NULL in it is accepted. */
void nnt_resident_destroy(nnt_resident **resident);

#endif
