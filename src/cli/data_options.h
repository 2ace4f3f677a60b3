/* Options that several verbs have: data and threads. */
#ifndef NNT_CLI_DATA_OPTIONS_H
#define NNT_CLI_DATA_OPTIONS_H

#include <nntrain/selection.h>
#include <nntrain/streaming.h>

#include "cli/options.h"

/* Rows that several tables have. */
#define READING_OPTIONS                                                                           \
  {"data-mode", "auto|resident|streaming", "auto", GROUP_DATA,                                    \
   "where the data set is: resident (whole in memory, once per node), streaming (two windows of " \
   "it, one of them being prefetched), auto (resident when it fits into the memory limit)"},      \
      {"memory-limit", "SIZE", NULL, GROUP_DATA,                                                  \
       "memory for data per node, such as 500M or 4G (default half of what is available)"},       \
  {                                                                                               \
    "io", "independent|collective", "independent", GROUP_DATA,                                    \
        "how ranks read files: each on its own, or together with MPI-IO (needs parallel HDF5)"    \
  }
#define THREADS_OPTION                                                                          \
  {                                                                                             \
    "threads", "N", NULL, GROUP_RUNNING,                                                        \
        "OpenMP threads per rank (default OMP_NUM_THREADS, or else one per core that the rank " \
        "may use, shared with the other ranks that may use it)"                                 \
  }
/* Of a data set that train may have split. */
#define SELECTION_OPTIONS                                                                    \
  {"split", "X", NULL, GROUP_DATA, "split the data set as train did"},                       \
      {"fold", "K/N", NULL, GROUP_DATA, "split the data set as train did"},                  \
      {"part", "all|train|validation", NULL, GROUP_DATA,                                     \
       "part of a data set that is split (default validation)"},                             \
      {"stratify", NULL, NULL, GROUP_DATA,                                                   \
       "keep the proportions of the classes in every part; needs classes"},                  \
  {                                                                                          \
    "limit", "N", NULL, GROUP_DATA,                                                          \
        "use only the first N samples; with --stratify, N in the proportions of the classes" \
  }

/* "500M", "1.5g", "4GiB", "4096": bytes, with powers of 1024; at least 1. */
bool parse_size(const char *text, int64_t *out);

/* --data-mode, --memory-limit, --io */
nnt_status take_reading(const options *parsed, nnt_reading *out, nnt_error *error) NNT_MUST_CHECK;
/* --threads; 0 when it is not given. */
nnt_status take_threads(const options *parsed, int *out, nnt_error *error) NNT_MUST_CHECK;
/* --shuffle, --shuffle-block, --shuffle-window */
nnt_status take_shuffling(const options *parsed, nnt_shuffling *out,
                          nnt_error *error) NNT_MUST_CHECK;

/* --limit, --split, --fold, --stratify; and --part where the command has it. */
nnt_status take_selection(const options *parsed, bool with_part, nnt_selection *out,
                          nnt_error *error) NNT_MUST_CHECK;

/* The directories of runs that a command is given, runs [OPTIONS_MOST_POSITIONALS]; at least one.
 */
nnt_status take_runs(const options *parsed, const char *verb, const char **runs, int *count,
                     nnt_error *error) NNT_MUST_CHECK;

#endif
