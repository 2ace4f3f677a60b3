/* The files of a data set from their names. */
#include "io/dataset_list.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes ownership of `text`: "FILE", and after its zero the group, if there is one. */
static nnt_status add(nnt_dataset_list *list, const nnt_dataset_place *like, char *text,
                      const char *group, nnt_error *error) {
  size_t bytes = (size_t)(list->count + 1) * sizeof *list->places;
  nnt_dataset_place *longer = text != NULL ? realloc(list->places, bytes) : NULL;
  if (longer == NULL) {
    free(text);
    return nnt_fail_memory(error, bytes, "the names of data files");
  }
  list->places = longer;
  list->places[list->count] = *like;
  list->places[list->count].path = text;
  list->places[list->count++].group = group;
  return NNT_OK;
}

/* `file`, and `group` after its zero; *place_of_group points to the group. */
static char *join(const char *file, const char *group, const char **place_of_group) {
  size_t length = strlen(file) + 1;
  char *text = malloc(length + (group != NULL ? strlen(group) + 1 : 0));
  if (text == NULL) return NULL;
  memcpy(text, file, length);
  *place_of_group = group != NULL ? strcpy(text + length, group) : NULL;
  return text;
}

static nnt_status add_file(nnt_dataset_list *list, const nnt_dataset_place *like, const char *file,
                           const char *group, nnt_error *error) {
  const char *place_of_group = NULL;
  char *text = join(file, group != NULL ? group : like->group, &place_of_group);
  return add(list, like, text, place_of_group, error);
}

static nnt_status add_pattern(nnt_dataset_list *list, const nnt_dataset_place *like,
                              const char *pattern, const char *group, nnt_error *error) {
  glob_t found = {0};
  nnt_status status = NNT_OK;
  int code = glob(pattern, GLOB_NOSORT, NULL, &found);
  if (code == GLOB_NOMATCH)
    status = nnt_fail(error, NNT_BAD_INPUT, "no file matches the pattern\n%s\ncorrect it", pattern);
  else if (code != 0)
    status = nnt_fail(error, NNT_IO_ERROR,
                      "cannot search for data files\n%s\ncheck the permissions of the directories",
                      pattern);
  if (status == NNT_OK) qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_bytes);
  for (size_t i = 0; i < found.gl_pathc && status == NNT_OK; ++i)
    status = add_file(list, like, found.gl_pathv[i], group, error);
  globfree(&found);
  return status;
}

/* Adds the files of one name. */
static nnt_status add_name(nnt_dataset_list *list, const nnt_dataset_place *like, char *name,
                           nnt_error *error) {
  if (name[0] != '\0' && access(name, F_OK) == 0) return add_file(list, like, name, NULL, error);
  char *colon = strrchr(name, ':');
  if (name[0] == '\0' || colon == name || (colon != NULL && colon[1] == '\0'))
    return nnt_fail(error, NNT_BAD_USAGE,
                    "not a valid data set name\n%s\nwrite FILE.h5, or FILE.h5:GROUP", like->path);
  if (colon != NULL) *colon = '\0';
  const char *group = colon != NULL ? colon + 1 : NULL;
  if (access(name, F_OK) != 0 && strpbrk(name, "*?[") != NULL)
    return add_pattern(list, like, name, group, error);
  return add_file(list, like, name, group, error);
}

nnt_status nnt_dataset_list_create(const nnt_dataset_place *place, nnt_dataset_list *out,
                                   nnt_error *error) {
  *out = (nnt_dataset_list){0};
  if (access(place->path, F_OK) == 0) return add_file(out, place, place->path, NULL, error);
  char *names = strdup(place->path);
  if (names == NULL) return nnt_fail_memory(error, strlen(place->path), "the names of data files");
  nnt_status status = NNT_OK;
  for (char *name = names; name != NULL && status == NNT_OK;) {
    char *comma = strchr(name, ',');
    if (comma != NULL) *comma = '\0';
    status = add_name(out, place, name, error);
    name = comma != NULL ? comma + 1 : NULL;
  }
  free(names);
  if (status != NNT_OK) nnt_dataset_list_clear(out);
  return status;
}

void nnt_dataset_list_clear(nnt_dataset_list *list) {
  for (int i = 0; i < list->count; ++i) {
    union {
      const char *borrowed;
      char *owned; /* by the list */
    } path = {list->places[i].path};
    free(path.owned);
  }
  free(list->places);
  *list = (nnt_dataset_list){0};
}
