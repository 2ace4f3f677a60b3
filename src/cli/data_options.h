/* Options about data that several verbs have. */
#ifndef NNT_CLI_DATA_OPTIONS_H
#define NNT_CLI_DATA_OPTIONS_H

#include <nntrain/selection.h>
#include <nntrain/streaming.h>

#include "cli/options.h"

/* Rows of the tables of commands that read data. take_reading, take_threads and take_selection read
 * them. */
#define READING_OPTIONS                                                                            \
  {"data-mode", "NAME", "auto",                                                                    \
   "resident (the whole data set in memory, once a node), streaming (two windows of it, the next " \
   "read ahead), auto (resident when it fits into the memory limit)"},                             \
      {"memory-limit", "SIZE", NULL,                                                               \
       "memory of data a node, such as 500M or 4G; without it half of what is available"},         \
  {                                                                                                \
    "io", "NAME", "independent",                                                                   \
        "how ranks read: independent, collective (MPI-IO; needs the parallel HDF5)"                \
  }
#define THREADS_OPTION                                                                   \
  {                                                                                      \
    "threads", "N", NULL,                                                                \
        "OpenMP threads of each rank; without it OMP_NUM_THREADS, or one for each core " \
        "that the rank may use, divided among the ranks that may use it"                 \
  }
/* Of a data set that train may have cut. */
#define SELECTION_OPTIONS                                                                        \
  {"limit", "N", NULL,                                                                           \
   "use only the first N samples; with --stratify, of each class its share of N"},               \
      {"split", "X", NULL, "cut the data set as train did"},                                     \
      {"fold", "K/N", NULL, "cut the data set as train did"},                                    \
      {"stratify", NULL, NULL, "let every part hold every class in its share; needs classes"}, { \
    "part", "NAME", NULL, "part of a data set that is cut: train, validation (without it), all"  \
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

/* The directories that a command is given, runs [OPTIONS_MOST_POSITIONALS]; at least one. */
nnt_status take_runs(const options *parsed, const char *verb, const char **runs, int *count,
                     nnt_error *error) NNT_MUST_CHECK;

#endif
