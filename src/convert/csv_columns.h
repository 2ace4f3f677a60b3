/* The role of each column of a CSV file: feature, label, target, or dropped. */
#ifndef NNT_CONVERT_CSV_COLUMNS_H
#define NNT_CONVERT_CSV_COLUMNS_H

#include <nntrain/convert.h>
#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum nnt_csv_role {
  NNT_CSV_FEATURE,
  NNT_CSV_LABEL,
  NNT_CSV_TARGET,
  NNT_CSV_DROPPED
} nnt_csv_role;

typedef struct nnt_csv_column {
  nnt_csv_role role;
  int64_t place; /* index among the features or the targets */
} nnt_csv_column;

typedef struct nnt_csv_columns {
  nnt_csv_column *column; /* owned, [count] */
  char *const *names;     /* fields of the header, borrowed; NULL without a header */
  int64_t count;
  int64_t features;
  int64_t targets; /* 0: there is a label */
} nnt_csv_columns;

/* NNT_BAD_USAGE if the options contradict each other. */
nnt_status nnt_csv_options_check(const nnt_convert_options *options,
                                 nnt_error *error) NNT_MUST_CHECK;
/* Assigns every column a role. `names` is borrowed for the lifetime of *out. On failure *out is
 * empty. Errors: NNT_BAD_USAGE, naming the option. */
nnt_status nnt_csv_columns_create(const nnt_convert_options *options, char *const *names,
                                  int64_t count, nnt_csv_columns *out,
                                  nnt_error *error) NNT_MUST_CHECK;
void nnt_csv_columns_clear(nnt_csv_columns *columns);

#endif
