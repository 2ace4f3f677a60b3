/* Prints a dataset the way the library sees it: print_h5 FILE DATASET. For test_h5py_files.py.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "hdf5/h5.h"

static nnt_status print_values(nnt_h5 *file, const char *path, const nnt_h5_dataset *shape,
                               nnt_error *error) {
  int64_t row = 1;
  for (int i = 1; i < shape->rank; ++i) row *= shape->dims[i];
  double *values = calloc((size_t)row + 1, sizeof *values);
  nnt_status status =
      values != NULL ? NNT_OK : nnt_fail_memory(error, (size_t)row * sizeof *values, "a row");
  for (int64_t i = 0; i < shape->dims[0] && status == NNT_OK; ++i) {
    status = nnt_h5_read_rows(file, path, i, 1, NNT_H5_F64, values, error);
    for (int64_t k = 0; k < row && status == NNT_OK; ++k) printf("%.17g\n", values[k]);
  }
  free(values);
  return status;
}

static nnt_status print_class_names(nnt_h5 *file, nnt_error *error) {
  char **names = NULL;
  int64_t count = 0;
  if (!nnt_h5_has_attribute(file, "/", "class_names")) return NNT_OK;
  nnt_status status = nnt_h5_get_strings(file, "/", "class_names", &names, &count, error);
  for (int64_t i = 0; i < count; ++i) printf("name %s\n", names[i]);
  free(names);
  return status;
}

int main(int argc, char **argv) {
  nnt_error error = {0};
  nnt_h5 *file = NULL;
  nnt_h5_dataset shape;
  if (argc != 3) return 99;
  nnt_status status = nnt_h5_open(argv[1], &file, &error);
  if (status == NNT_OK) status = nnt_h5_describe(file, argv[2], &shape, &error);
  if (status == NNT_OK) {
    printf("kind %d signed %d bytes %zu rank %d chunk %" PRId64 "\n", (int)shape.kind,
           shape.is_signed, shape.element_bytes, shape.rank, shape.chunk_rows);
    status = print_class_names(file, &error);
  }
  if (status == NNT_OK) status = print_values(file, argv[2], &shape, &error);
  if (status != NNT_OK)
    (void)fprintf(stderr, "nntrain: %s: %s; %s\n", error.what, error.where, error.remedy);
  nnt_h5_destroy(&file);
  return nnt_status_exit_code(status);
}
