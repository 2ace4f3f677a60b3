/* What options.c and file_options.c share. */
#ifndef NNT_CLI_OPTIONS_INTERNAL_H
#define NNT_CLI_OPTIONS_INTERNAL_H

#include "cli/options.h"

struct options {
  const option_spec *specs;
  const char *verb;
  int count;
  const char *values[OPTIONS_MOST]; /* given values, NULL otherwise; "" for a flag */
  bool owned[OPTIONS_MOST];         /* the value was allocated (run file) */
  const char *positionals[OPTIONS_MOST_POSITIONALS];
  int positional_count;
};

/* The option of this name, `length` characters; -1: none. */
int options_find(const options *parsed, const char *name, size_t length);
/* `where` is the word or the place in a file, for the message. */
nnt_status options_fail_unknown(const options *parsed, const char *name, const char *where,
                                nnt_error *error);
/* file_options.c: options that are not given yet, from a run file. */
nnt_status options_read_file(options *parsed, const char *path, nnt_error *error) NNT_MUST_CHECK;

#endif
