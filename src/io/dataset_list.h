/* The files of a data set from their names: FILE[:GROUP], or several of them separated by commas,
 * in this order. FILE may be a pattern (* ? [ ]), which stands for all files that match it
 * (glob(3)), sorted by the bytes of their names. A name that exists is taken literally. Not
 * collective. */
#ifndef NNT_IO_DATASET_LIST_H
#define NNT_IO_DATASET_LIST_H

#include <nntrain/status.h>

#include "io/dataset_file.h"

typedef struct nnt_dataset_list {
  int count;
  nnt_dataset_place *places; /* [count]; strings belong to the list */
} nnt_dataset_list;

/* `place->path` has such names; `place->group` is the group of those without one. On failure
 * *out is empty. Errors: NNT_BAD_USAGE for an empty name, NNT_BAD_INPUT for a pattern
 * that matches no file. */
nnt_status nnt_dataset_list_create(const nnt_dataset_place *place, nnt_dataset_list *out,
                                   nnt_error *error) NNT_MUST_CHECK;
/* One that is all zeros is accepted. */
void nnt_dataset_list_clear(nnt_dataset_list *list);

#endif
