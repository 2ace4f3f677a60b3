/* Class labels: a hash table with open addressing over texts in order of first appearance. */
#include "convert/class_table.h"

#include <stdlib.h>
#include <string.h>

/* Initial number of slots, a power of two; at most half of them are used. */
#define INITIAL_SLOTS 256

struct nnt_class_table {
  char *const *given;        /* names from the caller, or NULL */
  bool integers_are_indices; /* no given name is an integer, so an integer is an index */
  char **texts;              /* owned, each too unless given */
  int32_t count, capacity;
  int32_t *slots; /* index + 1, 0: free */
  size_t slot_count;
  int32_t *map; /* set by nnt_class_table_order */
};

/* The value of a text that consists of digits; -1 if it does not, or is not below NNT_MAX_CLASSES.
 */
static int32_t integer_value(const char *text, bool *is_integer) {
  size_t digits = strspn(text, "0123456789");
  *is_integer = digits > 0 && text[digits] == '\0';
  if (!*is_integer) return -1;
  int32_t value = 0;
  for (const char *c = text; *c != '\0'; ++c) {
    value = value * 10 + (*c - '0');
    if (value >= NNT_MAX_CLASSES) return -1;
  }
  return value;
}

/* --- the table --- */

/* FNV-1a: Fowler, Noll, Vo. */
static size_t hash(const char *text) {
  uint64_t value = UINT64_C(14695981039346656037);
  for (; *text != '\0'; ++text) value = (value ^ (unsigned char)*text) * UINT64_C(1099511628211);
  return (size_t)(value ^ value >> 32);
}

/* The slot of the text, or the free one where it belongs. */
static size_t find_slot(const nnt_class_table *table, const char *text) {
  size_t slot = hash(text) & (table->slot_count - 1);
  while (table->slots[slot] != 0 && strcmp(table->texts[table->slots[slot] - 1], text) != 0)
    slot = (slot + 1) & (table->slot_count - 1);
  return slot;
}

static bool grow(nnt_class_table *table) {
  size_t slot_count = table->slot_count == 0 ? INITIAL_SLOTS : 2 * table->slot_count;
  int32_t *slots = calloc(slot_count, sizeof *slots);
  char **texts = realloc(table->texts, slot_count / 2 * sizeof *texts);
  if (texts != NULL) table->texts = texts;
  if (slots == NULL || texts == NULL) {
    free(slots);
    return false;
  }
  free(table->slots);
  table->slots = slots;
  table->slot_count = slot_count;
  table->capacity = (int32_t)(slot_count / 2);
  for (int32_t i = 0; i < table->count; ++i) slots[find_slot(table, texts[i])] = i + 1;
  return true;
}

/* Adds a new text, which the table owns from here on unless names were given. */
static bool insert(nnt_class_table *table, char *text) {
  if (table->count == table->capacity && !grow(table)) return false;
  table->texts[table->count] = text;
  table->slots[find_slot(table, text)] = table->count + 1;
  ++table->count;
  return true;
}

/* Inserts the given names; an error at the first duplicate. */
static nnt_status insert_names(nnt_class_table *table, int64_t count, nnt_error *error) {
  table->integers_are_indices = true;
  for (int64_t i = 0; i < count; ++i) {
    char *name = table->given[i];
    bool is_integer = false;
    (void)integer_value(name, &is_integer);
    if (is_integer) table->integers_are_indices = false;
    if (name[0] == '\0' || strlen(name) > NNT_MAX_CLASS_BYTES)
      return nnt_fail(error, NNT_BAD_USAGE,
                      "the class name is empty or longer than %d bytes\n--class-names, number "
                      "%lld\ngive a short name",
                      NNT_MAX_CLASS_BYTES, (long long)i + 1);
    if (table->count > 0 && table->slots[find_slot(table, name)] != 0)
      return nnt_fail(error, NNT_BAD_USAGE,
                      "class name given twice\n--class-names, '%s'\ngive each name once", name);
    if (!insert(table, name)) return nnt_fail_memory(error, 1, "class names");
  }
  return NNT_OK;
}

nnt_status nnt_class_table_create(char *const *names, int64_t count, nnt_class_table **out,
                                  nnt_error *error) {
  *out = NULL;
  if (names != NULL && (count < 1 || count > NNT_MAX_CLASS_TEXTS))
    return nnt_fail(error, NNT_BAD_USAGE,
                    "too few or too many class names\n--class-names, %lld names\ngive from 1 to "
                    "%d",
                    (long long)count, NNT_MAX_CLASS_TEXTS);
  nnt_class_table *table = calloc(1, sizeof *table);
  if (table == NULL) return nnt_fail_memory(error, sizeof *table, "class labels");
  table->given = names;
  nnt_status status = grow(table) ? NNT_OK : nnt_fail_memory(error, 1, "class labels");
  if (status == NNT_OK && names != NULL) status = insert_names(table, count, error);
  if (status != NNT_OK)
    nnt_class_table_destroy(&table);
  else
    *out = table;
  return status;
}

void nnt_class_table_destroy(nnt_class_table **table) {
  nnt_class_table *t = *table;
  if (t == NULL) return;
  for (int32_t i = 0; t->given == NULL && i < t->count; ++i) free(t->texts[i]);
  free(t->texts);
  free(t->slots);
  free(t->map);
  free(t);
  *table = NULL;
}

nnt_status nnt_class_names_check(char *const *names, int64_t count, nnt_error *error) {
  nnt_class_table *table = NULL;
  nnt_status status = nnt_class_table_create(names, count, &table, error);
  nnt_class_table_destroy(&table);
  return status;
}

nnt_class_result nnt_class_table_find(nnt_class_table *table, const char *text, int32_t *index) {
  size_t slot = find_slot(table, text);
  *index = table->slots[slot] - 1;
  if (*index >= 0) return NNT_CLASS_FOUND;
  if (table->given != NULL) {
    bool is_integer = false;
    *index = integer_value(text, &is_integer);
    return table->integers_are_indices && *index >= 0 && *index < table->count ? NNT_CLASS_FOUND
                                                                               : NNT_CLASS_UNKNOWN;
  }
  if (strlen(text) > NNT_MAX_CLASS_BYTES) return NNT_CLASS_TOO_LONG;
  if (table->count >= NNT_MAX_CLASS_TEXTS) return NNT_CLASS_TOO_MANY;
  char *copy = strdup(text);
  if (copy == NULL || !insert(table, copy)) {
    free(copy);
    return NNT_CLASS_NO_MEMORY;
  }
  *index = table->count - 1;
  return NNT_CLASS_FOUND;
}

/* --- the order --- */

/* Sets map[i] to the value of text i; false if one is not an integer. */
static bool map_integers(nnt_class_table *table, int32_t *largest, bool *too_large) {
  for (int32_t i = 0; i < table->count; ++i) {
    bool is_integer = false;
    table->map[i] = integer_value(table->texts[i], &is_integer);
    if (!is_integer) return false;
    if (table->map[i] < 0) *too_large = true;
    if (table->map[i] > *largest) *largest = table->map[i];
  }
  return true;
}

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_values(const void *a, const void *b) {
  long long first = strtoll(*(char *const *)a, NULL, 10);
  long long second = strtoll(*(char *const *)b, NULL, 10);
  return (first > second) - (first < second);
}

/* Sorts the texts; map[i] is the new index of text i. */
static bool map_sorted(nnt_class_table *table, int (*compare)(const void *, const void *)) {
  size_t bytes = (size_t)table->count * sizeof(char *);
  char **unsorted = malloc(bytes);
  if (unsorted == NULL) return false;
  memcpy(unsorted, table->texts, bytes);
  qsort(table->texts, (size_t)table->count, sizeof(char *), compare);
  for (int32_t i = 0; i < table->count; ++i) {
    char **found =
        bsearch(&unsorted[i], table->texts, (size_t)table->count, sizeof(char *), compare);
    table->map[i] = (int32_t)(found - table->texts);
  }
  free(unsorted);
  return true;
}

nnt_class_result nnt_class_table_order(nnt_class_table *table, nnt_class_order *out) {
  *out = (nnt_class_order){.names = table->given, .classes = table->count};
  if (table->given != NULL) return NNT_CLASS_FOUND;
  table->map = calloc((size_t)table->count + 1, sizeof *table->map);
  if (table->map == NULL) return NNT_CLASS_NO_MEMORY;
  int32_t largest = -1;
  bool too_large = false;
  if (map_integers(table, &largest, &too_large)) {
    if (too_large) return NNT_CLASS_TOO_MANY;
    out->classes = (int64_t)largest + 1;
  } else {
    if (!map_sorted(table, compare_texts)) return NNT_CLASS_NO_MEMORY;
    out->names = table->texts;
  }
  out->map = table->map;
  return NNT_CLASS_FOUND;
}

nnt_class_result nnt_class_table_order_values(nnt_class_table *table, nnt_class_order *out) {
  *out = (nnt_class_order){.names = table->given, .classes = table->count};
  if (table->given != NULL) return NNT_CLASS_FOUND;
  table->map = calloc((size_t)table->count + 1, sizeof *table->map);
  if (table->map == NULL || !map_sorted(table, compare_values)) return NNT_CLASS_NO_MEMORY;
  out->names = table->texts;
  out->map = table->map;
  return NNT_CLASS_FOUND;
}
