/* How the gradients of the ranks are reduced. */
#ifndef NNTRAIN_PARALLEL_H
#define NNTRAIN_PARALLEL_H

#include <nntrain/status.h>

/* How the ranks average their gradients. */
typedef enum nnt_allreduce {
  NNT_ALLREDUCE_AUTO, /* hierarchical: shared memory within a node, MPI between nodes */
  NNT_ALLREDUCE_FLAT  /* MPI over all ranks */
} nnt_allreduce;

/* How the gradients of a batch are summed. */
typedef enum nnt_reduction_kind {
  NNT_REDUCTION_EXACT, /* fixed-order tree reduction, bitwise reproducible on any number of ranks */
  NNT_REDUCTION_FAST   /* in any order */
} nnt_reduction_kind;

/* "exact" or "fast". Errors: NNT_BAD_USAGE. */
NNT_API nnt_status nnt_reduction_parse(const char *name, nnt_reduction_kind *out,
                                       nnt_error *error) NNT_MUST_CHECK;

#endif
