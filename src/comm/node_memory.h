/* Memory that the ranks of one node share: one copy a node, not one a rank.
 *
 * MPI-3 shared window (MPI_Win_allocate_shared); plain memory where a node has one rank. Plain
 * loads and stores; nnt_node_memory_sync orders them between the ranks. */
#ifndef NNT_COMM_NODE_MEMORY_H
#define NNT_COMM_NODE_MEMORY_H

#include <nntrain/comm.h>
#include <stddef.h>

typedef struct nnt_node_memory nnt_node_memory;

typedef enum nnt_memory_scope {
  NNT_MEMORY_OF_NODE, /* one copy, shared */
  NNT_MEMORY_OF_RANK  /* a copy for each rank; for callers that have both cases */
} nnt_memory_scope;

/* Collective. `bytes` and `scope` are the same on all ranks of a node. The memory is zero at first,
 * aligned to 64 bytes. Errors: NNT_OUT_OF_MEMORY, NNT_MPI_ERROR; all ranks of the node get the
 * same. */
nnt_status nnt_node_memory_create(nnt_comm *comm, size_t bytes, nnt_memory_scope scope,
                                  nnt_node_memory **out, nnt_error *error) NNT_MUST_CHECK;
/* Collective. NULL in it is accepted. */
void nnt_node_memory_destroy(nnt_node_memory **memory);
void *nnt_node_memory_data(nnt_node_memory *memory);
/* Collective over the node: what a rank wrote before is seen by all ranks after. */
nnt_status nnt_node_memory_sync(nnt_node_memory *memory, nnt_error *error) NNT_MUST_CHECK;

#endif
