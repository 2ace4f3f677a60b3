/* Looking up a choice by its name. */
#ifndef NNT_NET_NAMES_H
#define NNT_NET_NAMES_H

#include <nntrain/model.h>
#include <nntrain/status.h>

/* The index of `name` among `count` names of a `kind` of thing. Errors: NNT_BAD_USAGE, with the
 * names that exist. */
nnt_status nnt_name_find(const char *kind, const char *const *names, int count, const char *name,
                         int *out, nnt_error *error) NNT_MUST_CHECK;

#endif
