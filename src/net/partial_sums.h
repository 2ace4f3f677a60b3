/* The gradient of a batch that is computed in parts, one after the other, to save memory: each part
 * gives the sums of the largest nodes of the tree (base/sum_tree.h) in its granules, and these are
 * added up in the tree's order. So the bits are those of a batch in one part. Local. */
#ifndef NNT_NET_PARTIAL_SUMS_H
#define NNT_NET_PARTIAL_SUMS_H

#include <nntrain/status.h>

#include "base/sum_tree.h"
#include "kernels/dispatch.h"

typedef struct nnt_partial_sums nnt_partial_sums;

/* One part: granules [first, first + count) of the tree, summed by `plan`. */
typedef struct nnt_sum_part {
  int64_t first, count;
  nnt_sum_tree plan;
} nnt_sum_part;

/* Granules [first, first + count) of `granules` in `parts` (at most `count`) parts. The sums go to
 * `outputs`, arenas of `floats` floats one after the other, borrowed. `threads` is the largest
 * number of OpenMP threads to use. */
nnt_status nnt_partial_sums_create(int64_t granules, int64_t first, int64_t count, int64_t parts,
                                   int64_t floats, float *outputs, int threads,
                                   nnt_partial_sums **out, nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted. */
void nnt_partial_sums_destroy(nnt_partial_sums **sums);

const nnt_sum_part *nnt_partial_sums_part(const nnt_partial_sums *sums, int64_t part);
/* Where the sums of a part go, an arena each of its plan's outputs, `floats` apart. */
float *nnt_partial_sums_arena(nnt_partial_sums *sums);
/* Takes them; the parts come in order. */
void nnt_partial_sums_take(nnt_partial_sums *sums, int64_t part);

#endif
