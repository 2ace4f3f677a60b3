/* Making data sets (HDF5) from other formats. Not collective: called by one rank.
 * Memory does not grow with the file. The output is whole or not there.
 * Errors: NNT_BAD_INPUT with file, line and column; NNT_BAD_USAGE; NNT_IO_ERROR. */
#ifndef NNTRAIN_CONVERT_H
#define NNTRAIN_CONVERT_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

/* Where a data set goes, and how it is stored. */
typedef struct nnt_convert_output {
  const char *path;  /* HDF5 file */
  const char *group; /* group inside it, NULL for the root; an existing file keeps its others */
  bool force;        /* replace an existing file (no group) or group */
  int compression;   /* deflate level, 0 (none) to 9 */
} nnt_convert_output;

/* IDX files (Yann LeCun's MNIST format), plain or gzip-compressed. */
typedef struct nnt_convert_idx_options {
  const char *features;     /* path; any IDX type, one to eight dimensions */
  const char *labels;       /* path; one dimension of integers */
  char *const *class_names; /* may be NULL */
  int64_t class_name_count;
  nnt_convert_output output;
} nnt_convert_idx_options;

typedef enum nnt_csv_header {
  NNT_CSV_HEADER_AUTO, /* a first line in which no field is a number is a header */
  NNT_CSV_HEADER_YES,
  NNT_CSV_HEADER_NO
} nnt_csv_header;

/* CSV or TSV (RFC 4180 quoting), plain or gzip-compressed. Columns are named by their header or
 * by their number, from 1. */
typedef struct nnt_convert_csv_options {
  const char *path;
  char delimiter; /* 0: a tab when the first line holds one and no comma, else a comma */
  nnt_csv_header header;
  const char *label;   /* column of the class; NULL and no targets: the last column */
  const char *targets; /* comma-separated columns of float targets (regression), or NULL */
  const char *drop;    /* comma-separated columns to leave out, or NULL */
  /* Names in the order of their class index, to fix the order between files. NULL: labels that
   * are all integers from 0 stay as they are, others are sorted, as text. */
  char *const *class_names;
  int64_t class_name_count;
  nnt_convert_output output;
} nnt_convert_csv_options;

/* What was written. */
typedef struct nnt_convert_result {
  int64_t samples;
  int64_t features; /* per sample, flattened */
  int64_t classes;  /* 0 for regression */
  int64_t targets;  /* 0 for classification */
  const char *type; /* of the stored features, as numpy calls it: "uint8", "float32"; static */
} nnt_convert_result;

/* Whether a file begins as IDX files do. */
NNT_API nnt_status nnt_convert_is_idx(const char *path, bool *out, nnt_error *error) NNT_MUST_CHECK;

NNT_API nnt_status nnt_convert_idx(const nnt_convert_idx_options *options,
                                   nnt_convert_result *result, nnt_error *error) NNT_MUST_CHECK;
NNT_API nnt_status nnt_convert_csv(const nnt_convert_csv_options *options,
                                   nnt_convert_result *result, nnt_error *error) NNT_MUST_CHECK;

#endif
