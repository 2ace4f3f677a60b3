/* FILE:GROUP, the name of a data set inside a file. */
#include "cli/file_group.h"

#include <string.h>

nnt_status file_group_split(const char *value, char **text, file_group *out, nnt_error *error) {
  *out = (file_group){NULL, NULL};
  *text = strdup(value);
  if (*text == NULL) return nnt_fail_memory(error, strlen(value) + 1, "a file name");
  char *colon = strrchr(*text, ':');
  if (colon != NULL) *colon = '\0';
  out->path = *text;
  out->group = colon != NULL ? colon + 1 : NULL;
  if ((*text)[0] != '\0' && (colon == NULL || colon[1] != '\0')) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "not the name of a data set\n%s\nwrite FILE.h5, or FILE.h5:GROUP", value);
}
