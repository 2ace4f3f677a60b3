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

/* Two arrays that belong together, each in a file, plain or gzip-compressed. */
typedef struct nnt_convert_pair_options {
  const char *features; /* path; [samples, ...], one to eight dimensions */
  const char *labels;   /* path; [samples] */
  /* For classes; NULL: none. */
  char *const *class_names;
  int64_t class_name_count;
  nnt_convert_output output;
} nnt_convert_pair_options;

/* NumPy's savez: a zip archive of NPY arrays, stored or deflated; no pipe. */
typedef struct nnt_convert_npz_options {
  const char *path;
  const char *x_name; /* of the features' array, without ".npy" */
  const char *y_name; /* of the labels' array */
  char *const *class_names;
  int64_t class_name_count;
  nnt_convert_output output;
} nnt_convert_npz_options;

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

/* LIBSVM's (svmlight's) sparse text, plain or gzip-compressed: lines of
 *   LABEL INDEX:VALUE INDEX:VALUE ...
 * with ascending indices; # begins a comment. The data set is dense, float32. */
typedef struct nnt_convert_libsvm_options {
  const char *path;
  int64_t features; /* 0: the largest index in the file, which is then read twice (no pipe) */
  bool zero_based;  /* the first index is 0, not 1 */
  bool values;      /* labels are float targets (regression); else integers, which are classes */
  /* NULL: the labels that occur, ascending. Else names in the order of their class index, to fix
   * the order between files; labels are found among them, or, where no name is an integer, are
   * indices themselves. */
  char *const *class_names;
  int64_t class_name_count;
  nnt_convert_output output;
} nnt_convert_libsvm_options;

/* What was written. */
typedef struct nnt_convert_result {
  int64_t samples;
  int64_t features; /* per sample, flattened */
  int64_t classes;  /* 0 for regression */
  int64_t targets;  /* 0 for classification */
  const char *type; /* of the stored features, as numpy calls it: "uint8", "float32"; static */
} nnt_convert_result;

typedef enum nnt_convert_format {
  NNT_CONVERT_CSV,
  NNT_CONVERT_IDX,
  NNT_CONVERT_NPY,
  NNT_CONVERT_NPZ,
  NNT_CONVERT_LIBSVM
} nnt_convert_format;

/* What a file is by its first bytes; CSV when it is nothing else, and for a pipe, which can be
 * read only once. */
NNT_API nnt_status nnt_convert_find_format(const char *path, nnt_convert_format *out,
                                           nnt_error *error) NNT_MUST_CHECK;

/* IDX files (Yann LeCun's MNIST format), of any type; labels are integers, classes from 0. */
NNT_API nnt_status nnt_convert_idx(const nnt_convert_pair_options *options,
                                   nnt_convert_result *result, nnt_error *error) NNT_MUST_CHECK;
/* NumPy's save, versions 1.0 to 3.0: bool, integers, float16 (stored as float32), float32,
 * float64; C order. Labels that are integers [samples] or [samples, 1] are classes from 0; floats,
 * and integers of more columns, are targets of a regression. */
NNT_API nnt_status nnt_convert_npy(const nnt_convert_pair_options *options,
                                   nnt_convert_result *result, nnt_error *error) NNT_MUST_CHECK;
/* As nnt_convert_npy. NNT_BAD_USAGE when the library was built without libzip. */
NNT_API nnt_status nnt_convert_npz(const nnt_convert_npz_options *options,
                                   nnt_convert_result *result, nnt_error *error) NNT_MUST_CHECK;
NNT_API nnt_status nnt_convert_libsvm(const nnt_convert_libsvm_options *options,
                                      nnt_convert_result *result, nnt_error *error) NNT_MUST_CHECK;
NNT_API nnt_status nnt_convert_csv(const nnt_convert_csv_options *options,
                                   nnt_convert_result *result, nnt_error *error) NNT_MUST_CHECK;

#endif
