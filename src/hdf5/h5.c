/* Errors and open objects, for the other files of this directory: h5_file.c opens and closes,
 * h5_read.c reads, h5_write.c writes, h5_attribute.c does attributes. */
#include "hdf5/h5.h"

#include <hdf5.h>
#include <nntrain/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hdf5/h5_internal.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define HDF5_VERSION TEXT(H5_VERS_MAJOR) "." TEXT(H5_VERS_MINOR) "." TEXT(H5_VERS_RELEASE)

const char *nnt_hdf5_version(void) {
#ifdef H5_HAVE_PARALLEL
  return HDF5_VERSION ", parallel";
#else
  return HDF5_VERSION ", serial";
#endif
}

void h5_close_id(hid_t id) {
  if (id > 0) (void)H5Idec_ref(id);
}

/* --- errors --- */

/* Keeps the two innermost entries, which give the reason. */
static herr_t collect_reason(unsigned depth, const H5E_error2_t *entry, void *context) {
  h5_reason *collected = context;
  (void)depth;
  if (entry->desc == NULL || collected->count >= 2) return 0;
  int written =
      snprintf(collected->text + collected->used, sizeof collected->text - collected->used, "%s%s",
               collected->count > 0 ? ", " : "", entry->desc);
  collected->used += written > 0 ? (size_t)written : 0;
  if (collected->used >= sizeof collected->text) collected->used = sizeof collected->text - 1;
  ++collected->count;
  return 0;
}

h5_reason h5_read_error_stack(void) {
  h5_reason collected = {.used = 0};
  (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect_reason, &collected);
  for (char *c = collected.text; *c != '\0'; ++c) {
    if (*c == '\n') *c = ' ';
  }
  return collected;
}

nnt_status h5_fail(const nnt_h5 *file, nnt_status status, const char *what, const char *object,
                   const char *remedy, nnt_error *error) {
  h5_reason because = h5_read_error_stack();
  return nnt_fail(error, status, "%s\n%.400s%s%.160s%s%s\n%s", what, file->name,
                  object != NULL ? ", " : "", object != NULL ? object : "",
                  because.count > 0 ? ": HDF5 says " : "", because.text, remedy);
}

nnt_status h5_fail_write(const nnt_h5 *file, const char *object, nnt_error *error) {
  return h5_fail(file, NNT_IO_ERROR, "writing an HDF5 file failed", object,
                 "check the free space and the quota", error);
}

nnt_status h5_fail_read(const nnt_h5 *file, const char *object, nnt_error *error) {
  return h5_fail(file, NNT_IO_ERROR, "reading an HDF5 file failed", object,
                 "the file may be damaged: copy or create it again", error);
}

const char *nnt_h5_name(const nnt_h5 *file) {
  return file->name;
}

void h5_close_slot(h5_open_dataset *slot) {
  if (slot->path == NULL) return;
  h5_close_id(slot->id);
  free(slot->path);
  slot->path = NULL;
}

void h5_close_datasets(nnt_h5 *file) {
  for (int i = 0; i < H5_OPEN_DATASETS; ++i) h5_close_slot(&file->open[i]);
}
