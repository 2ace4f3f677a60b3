/* The files of a data set, from their names: FILE[:GROUP], or several of them separated by commas,
 * in this order. FILE may be a pattern (* ? [ ]), which stands for the files that it fits, by name
 * in ascending order (glob(3), in the C locale's order of bytes). What is the name of a file as it
 * stands is that file. Local. */
#ifndef NNT_IO_DATASET_LIST_H
#define NNT_IO_DATASET_LIST_H

#include <nntrain/status.h>

#include "io/dataset_file.h"

typedef struct nnt_dataset_list {
  int count;
  nnt_dataset_place *places; /* [count]; strings belong to the list */
} nnt_dataset_list;

/* `place->path` is such names; `place->group` is the group of those that give none. Cleared in any
 * case. Errors: NNT_BAD_USAGE for an empty name, NNT_BAD_INPUT for a pattern that fits no file. */
nnt_status nnt_dataset_list_create(const nnt_dataset_place *place, nnt_dataset_list *out,
                                   nnt_error *error) NNT_MUST_CHECK;
/* One that is all zero is accepted. */
void nnt_dataset_list_clear(nnt_dataset_list *list);

#endif
