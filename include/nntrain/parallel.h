/* How the ranks share the work of a step and add up their gradients. */
#ifndef NNTRAIN_PARALLEL_H
#define NNTRAIN_PARALLEL_H

#include <nntrain/status.h>

/* How the ranks average their gradients. */
typedef enum nnt_allreduce {
  NNT_ALLREDUCE_AUTO, /* in memory that a node's ranks share, MPI_Iallreduce between nodes */
  NNT_ALLREDUCE_FLAT  /* MPI_Iallreduce over all ranks */
} nnt_allreduce;

/* How the gradients of a batch are summed. */
typedef enum nnt_reduction_kind {
  NNT_REDUCTION_EXACT, /* by a fixed tree: the same bits on any number of ranks and nodes */
  NNT_REDUCTION_FAST   /* in any order */
} nnt_reduction_kind;

/* "exact" or "fast". Errors: NNT_BAD_USAGE. */
NNT_API nnt_status nnt_reduction_parse(const char *name, nnt_reduction_kind *out,
                                       nnt_error *error) NNT_MUST_CHECK;

#endif
