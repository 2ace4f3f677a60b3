/* FILE:GROUP, the name of a data set inside a file. */
#ifndef NNT_CLI_FILE_GROUP_H
#define NNT_CLI_FILE_GROUP_H

#include <nntrain/status.h>

typedef struct file_group {
  const char *path;
  const char *group; /* NULL: the root */
} file_group;

/* Splits "FILE" or "FILE:GROUP" at its last colon. *text holds the strings of *out and is freed
 * with free(). Errors: NNT_BAD_USAGE for an empty file or group. */
nnt_status file_group_split(const char *value, char **text, file_group *out,
                            nnt_error *error) NNT_MUST_CHECK;

#endif
