/* Memory shared by the ranks of a node: one copy per node, not per rank.
 *
 * MPI-3 shared window (MPI_Win_allocate_shared); private memory where a node has one rank. Plain
 * loads and stores; nnt_node_memory_sync orders them between the ranks. */
#ifndef NNT_COMM_NODE_MEMORY_H
#define NNT_COMM_NODE_MEMORY_H

#include <nntrain/comm.h>
#include <stddef.h>

typedef struct nnt_node_memory nnt_node_memory;

typedef enum nnt_memory_scope {
  NNT_MEMORY_OF_NODE, /* one copy per node, shared */
  NNT_MEMORY_OF_RANK  /* one copy per rank; for callers that support both */
} nnt_memory_scope;

/* Collective. `bytes` and `scope` must be the same on all ranks of a node. The memory is
 * zero-initialised and aligned to 64 bytes. Errors: NNT_OUT_OF_MEMORY, NNT_MPI_ERROR, the same on
 * all ranks of the node. */
nnt_status nnt_node_memory_create(nnt_comm *comm, size_t bytes, nnt_memory_scope scope,
                                  nnt_node_memory **out, nnt_error *error) NNT_MUST_CHECK;
/* Collective. *memory may be NULL. */
void nnt_node_memory_destroy(nnt_node_memory **memory);
void *nnt_node_memory_data(nnt_node_memory *memory);
/* Collective over the node: what a rank wrote before is visible to all its ranks after. */
nnt_status nnt_node_memory_sync(nnt_node_memory *memory, nnt_error *error) NNT_MUST_CHECK;

#endif
