/* Class labels: text → index, and the order of the classes.
 *
 * Unless names are given, indices are in order of first appearance, until nnt_class_table_order
 * maps them to classes. */
#ifndef NNT_CONVERT_CLASS_TABLE_H
#define NNT_CONVERT_CLASS_TABLE_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limit of class indices: a column with larger ones is most likely not a class. */
#define NNT_MAX_CLASSES 1000000
/* Limits of the number of different labels, and of the bytes of one. */
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

/* NNT_BAD_USAGE if names (NULL: none) are empty, too long, too many, or not all different. */
nnt_status nnt_class_names_check(char *const *names, int64_t count,
                                 nnt_error *error) NNT_MUST_CHECK;

/* `names` (NULL: none) are borrowed for the lifetime of the table and fix the indices. If none of
 * them is an integer, an integer label is an index itself. */
nnt_status nnt_class_table_create(char *const *names, int64_t count, nnt_class_table **out,
                                  nnt_error *error) NNT_MUST_CHECK;
/* *table may be NULL. */
void nnt_class_table_destroy(nnt_class_table **table);
/* The index of a label. */
nnt_class_result nnt_class_table_find(nnt_class_table *table, const char *text, int32_t *index);

/* The order of the classes, once all labels are known. */
typedef struct nnt_class_order {
  const int32_t *map; /* index → class; NULL: the same. Borrowed from the table. */
  char *const *names; /* NULL if the labels are integers. Borrowed. */
  int64_t classes;
} nnt_class_order;

/* If all labels are integers, they are the classes; else labels are sorted by their bytes.
 * NNT_CLASS_TOO_MANY if an integer is not below NNT_MAX_CLASSES. */
nnt_class_result nnt_class_table_order(nnt_class_table *table, nnt_class_order *out);
/* For labels that are all integers, as "%lld" prints them: sorted by value, and kept as names. */
nnt_class_result nnt_class_table_order_values(nnt_class_table *table, nnt_class_order *out);

#endif
