/* Class labels: text → index, and the order of the classes.
 *
 * Without given names, an index is the order of first appearance until nnt_class_table_order
 * says what it becomes. */
#ifndef NNT_CONVERT_CLASS_TABLE_H
#define NNT_CONVERT_CLASS_TABLE_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Class indices are below this; a column with more values is hardly one of classes. */
#define NNT_MAX_CLASSES 1000000
/* Different texts among the labels, and the bytes of one. */
#define NNT_MAX_CLASS_TEXTS 100000
#define NNT_MAX_CLASS_BYTES 255

typedef struct nnt_class_table nnt_class_table;

typedef enum nnt_class_result {
  NNT_CLASS_FOUND,
  NNT_CLASS_UNKNOWN, /* not among the given names */
  NNT_CLASS_TOO_LONG,
  NNT_CLASS_TOO_MANY,
  NNT_CLASS_NO_MEMORY
} nnt_class_result;

/* NNT_BAD_USAGE when names (NULL: none) are empty, too long, too many, or not all different. */
nnt_status nnt_class_names_check(char *const *names, int64_t count,
                                 nnt_error *error) NNT_MUST_CHECK;

/* `names` (NULL: none) are borrowed for the table's life and fix the indices. With names none
 * of which is an integer, a label that is one stands for itself. */
nnt_status nnt_class_table_create(char *const *names, int64_t count, nnt_class_table **out,
                                  nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted. */
void nnt_class_table_destroy(nnt_class_table **table);
/* The index of a label, which ends with a zero. */
nnt_class_result nnt_class_table_find(nnt_class_table *table, const char *text, int32_t *index);

/* What the indices become, once all labels are known. */
typedef struct nnt_class_order {
  const int32_t *map; /* index → class; NULL: it stays. Borrowed from the table. */
  char *const *names; /* NULL: none, the labels are integers. Borrowed. */
  int64_t classes;
} nnt_class_order;

/* Labels that all are integers keep their values; others are sorted by their bytes.
 * NNT_CLASS_TOO_MANY when an integer is not below NNT_MAX_CLASSES. */
nnt_class_result nnt_class_table_order(nnt_class_table *table, nnt_class_order *out);
/* For texts that all are integers as "%lld" writes them: sorted by value, and kept as names. */
nnt_class_result nnt_class_table_order_values(nnt_class_table *table, nnt_class_order *out);

#endif
