/* The selected samples of a data set: an ascending set of rows, indexed by position. A bitmap of
 * all rows, on every rank. Not collective; immutable once created. */
#ifndef NNT_DATA_INDEX_SET_H
#define NNT_DATA_INDEX_SET_H

#include <nntrain/selection.h>
#include <nntrain/status.h>

typedef struct nnt_index_set nnt_index_set;

/* Reads the classes of rows [first, first + count). */
typedef nnt_status (*nnt_read_classes)(void *context, int64_t first, int64_t count, int32_t *out,
                                       nnt_error *error);

/* The rows of the selection out of `rows`; `read` (needed only with `stratify`) is called for all
 * rows in ascending order, twice. `name` is for messages. Errors: NNT_BAD_USAGE if no row remains
 * or the selection is invalid; those of `read`. */
nnt_status nnt_index_set_create(const nnt_selection *selection, int64_t rows, const char *name,
                                nnt_read_classes read, void *context, nnt_index_set **out,
                                nnt_error *error) NNT_MUST_CHECK;
/* *set may be NULL. */
void nnt_index_set_destroy(nnt_index_set **set);

int64_t nnt_index_set_count(const nnt_index_set *set);
bool nnt_index_set_has(const nnt_index_set *set, int64_t row);
/* The row at `position`, both from 0; position < count. */
int64_t nnt_index_set_row(const nnt_index_set *set, int64_t position);

/* Whether all samples are selected. */
bool nnt_selection_is_whole(const nnt_selection *selection);
/* The selection as text: "limit 1000, split 0.9, stratified"; empty for the whole data set. */
void nnt_selection_text(const nnt_selection *selection, char *text, size_t size);

#endif
