/* The samples of a data set that are used: an ascending set of rows, found by position. A bit a
 * row, on every rank. Local; after it was made only read. */
#ifndef NNT_DATA_INDEX_SET_H
#define NNT_DATA_INDEX_SET_H

#include <nntrain/selection.h>
#include <nntrain/status.h>

typedef struct nnt_index_set nnt_index_set;

/* Reads the classes of rows [first, first + count). */
typedef nnt_status (*nnt_read_classes)(void *context, int64_t first, int64_t count, int32_t *out,
                                       nnt_error *error);

/* The selection's part of `rows` rows; `read` (needed with `stratify` alone) is called for all rows
 * in ascending order, twice. `name` is for messages. Errors: NNT_BAD_USAGE when nothing is left, or
 * the selection contradicts itself; those of `read`. */
nnt_status nnt_index_set_create(const nnt_selection *selection, int64_t rows, const char *name,
                                nnt_read_classes read, void *context, nnt_index_set **out,
                                nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted. */
void nnt_index_set_destroy(nnt_index_set **set);

int64_t nnt_index_set_count(const nnt_index_set *set);
bool nnt_index_set_has(const nnt_index_set *set, int64_t row);
/* The row at `position`, both from 0; position < count. */
int64_t nnt_index_set_row(const nnt_index_set *set, int64_t position);

/* Whether that is all samples. */
bool nnt_selection_is_whole(const nnt_selection *selection);
/* What is wrong with the fields, or NULL. */
const char *nnt_selection_wrong(const nnt_selection *selection);
/* What decides which part is which: "limit 1000, split 0.9, stratified"; empty for the whole. */
void nnt_selection_text(const nnt_selection *selection, char *text, size_t size);

#endif
