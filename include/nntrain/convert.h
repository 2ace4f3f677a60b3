/* Converting data of other formats to data sets (HDF5). Not collective: called on one rank.
 * Memory does not grow with the size of the input. The output is written whole or not at all.
 * Errors: NNT_BAD_INPUT with file, line and column; NNT_BAD_USAGE; NNT_IO_ERROR. */
#ifndef NNTRAIN_CONVERT_H
#define NNTRAIN_CONVERT_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

/* The input formats, in the order in which they are tried on a file; the last accepts any file.
 * A row: name; title in messages; number of input files, 2 being features and labels; the options
 * that it takes beside --output, --compression and --force; a line of help.
 * To add a format, add a row here and a file src/convert/NAME.c (src/convert/formats.h). */
#define NNT_CONVERT_FORMATS(ROW)                                                             \
  ROW(idx, "IDX", 2, "--class-names",                                                        \
      "arrays such as MNIST's; labels are integers, classes from 0")                         \
  ROW(npy, "NPY", 2, "--class-names",                                                        \
      "arrays that numpy.save wrote; integer labels are classes from 0, floats are targets") \
  ROW(npz, "NPZ", 1, "--x-name --y-name --class-names",                                      \
      "an archive that numpy.savez wrote, with arrays of features and of labels as for npy") \
  ROW(libsvm, "LIBSVM", 1, "--target --features --zero-based --class-names",                 \
      "sparse text (svmlight), lines of LABEL INDEX:VALUE ...; stored as dense float32")     \
  ROW(csv, "CSV", 1, "--label --target --drop --delimiter --header --class-names",           \
      "comma- or tab-separated columns; those without --label, --target, --drop are features")

/* A row of the table. */
typedef struct nnt_convert_format {
  const char *name; /* "idx" */
  const char *title;
  int files;
  const char *options; /* "--label --target" */
  const char *help;
} nnt_convert_format;

/* Where a data set goes, and how it is stored. */
typedef struct nnt_convert_output {
  const char *path;  /* HDF5 file */
  const char *group; /* group in it, NULL for the root; an existing file keeps its other groups */
  bool force;        /* replace an existing file (no group) or group */
  int compression;   /* gzip level, 0 (none) to 9 */
} nnt_convert_output;

typedef enum nnt_csv_header {
  NNT_CSV_HEADER_DEFAULT, /* as AUTO */
  NNT_CSV_HEADER_AUTO,    /* the first line is a header when none of its fields is a number */
  NNT_CSV_HEADER_YES,
  NNT_CSV_HEADER_NO
} nnt_csv_header;

/* Zeros are the defaults of all but `input` and `output`. */
typedef struct nnt_convert_options {
  /* Paths; plain or gzip-compressed (not NPZ). Arrays are [samples, ...], of one to eight
   * dimensions; their labels [samples], or targets [samples, targets]. */
  const char *input;
  const char *labels; /* of formats with two files; else NULL */
  const char *format; /* a name from the table; NULL or "auto": recognised by its first bytes */
  nnt_convert_output output;

  /* Below, each is accepted only with the formats whose row has it. */

  /* Class names in the order of their class index, which fixes the order between files. NULL: CSV
   * keeps labels that are all integers from 0 and sorts others as text; LIBSVM sorts the labels
   * that occur by value. */
  char *const *class_names;
  int64_t class_name_count;
  /* CSV; a column is given by its name in the header or by its number, from 1. */
  const char *label; /* column of the class; NULL without `target`: the last column */
  const char *drop;  /* comma-separated columns to omit, or NULL */
  char delimiter;    /* 0: a tab if the first line has one and no comma, else a comma */
  nnt_csv_header header;
  /* Regression. CSV: comma-separated columns of float targets. LIBSVM: "label", the label is a
   * float target; NULL: labels are integers, classes. */
  const char *target;
  /* NPZ; names of arrays, without ".npy". */
  const char *x_name; /* features; NULL: "x" */
  const char *y_name; /* labels or targets; NULL: "y" */
  /* LIBSVM */
  int64_t features; /* 0: the largest index in the file, which is then read twice (no pipe) */
  bool zero_based;  /* the first index is 0, not 1 */
} nnt_convert_options;

/* What was written. */
typedef struct nnt_convert_result {
  int64_t samples;
  int64_t features; /* per sample, flattened */
  int64_t classes;  /* 0 for regression */
  int64_t targets;  /* 0 for classification */
  const char *type; /* of the stored features, NumPy's name: "uint8", "float32"; static */
} nnt_convert_result;

/* Finds the format, checks the options against its row, and converts. NPZ is NNT_BAD_USAGE when
 * the library was built without libzip. */
NNT_API nnt_status nnt_convert(const nnt_convert_options *options, nnt_convert_result *result,
                               nnt_error *error) NNT_MUST_CHECK;

/* Rows of the table by index, from 0; NULL past the last one. */
NNT_API const nnt_convert_format *nnt_convert_format_at(int index);
/* Whether a format takes an option, such as "label". */
NNT_API bool nnt_convert_format_takes(const nnt_convert_format *format, const char *option);
/* Recognises a file by its first bytes. A pipe, which can be read only once, counts as empty. */
NNT_API nnt_status nnt_convert_recognise(const char *path, const nnt_convert_format **out,
                                         nnt_error *error) NNT_MUST_CHECK;

#endif
