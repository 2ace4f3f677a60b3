/* Memory shared by the ranks of a node. */
#include "comm/node_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "comm/comm.h"

struct nnt_node_memory {
  nnt_comm *comm;
  MPI_Win window; /* MPI_WIN_NULL: private memory */
  void *plain;
  void *data;
};

static nnt_status share(nnt_node_memory *memory, size_t bytes, nnt_error *error) {
  MPI_Comm node = memory->comm->node;
  MPI_Aint own = memory->comm->node_rank == 0 ? (MPI_Aint)(bytes + NNT_ALIGNMENT) : 0;
  MPI_Aint size = 0;
  int unit = 1;
  void *base = NULL;
  nnt_status status =
      nnt_comm_check(MPI_Win_allocate_shared(own, 1, MPI_INFO_NULL, node, &base, &memory->window),
                     "MPI_Win_allocate_shared", error);
  if (status == NNT_OK)
    status = nnt_comm_check(MPI_Win_shared_query(memory->window, 0, &size, &unit, &base),
                            "MPI_Win_shared_query", error);
  if (status == NNT_OK)
    status = nnt_comm_check(MPI_Win_lock_all(MPI_MODE_NOCHECK, memory->window), "MPI_Win_lock_all",
                            error);
  if (status != NNT_OK) return status;
  size_t excess = (uintptr_t)base % NNT_ALIGNMENT;
  memory->data = (char *)base + (excess > 0 ? NNT_ALIGNMENT - excess : 0);
  if (memory->comm->node_rank == 0) memset(memory->data, 0, bytes);
  return nnt_node_memory_sync(memory, error);
}

nnt_status nnt_node_memory_create(nnt_comm *comm, size_t bytes, nnt_memory_scope scope,
                                  nnt_node_memory **out, nnt_error *error) {
  *out = NULL;
  nnt_node_memory *memory = calloc(1, sizeof *memory);
  nnt_status status =
      memory != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *memory, "node memory");
  status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK) {
    free(memory);
    return status;
  }
  memory->comm = comm;
  memory->window = MPI_WIN_NULL;
  if (comm->node_size > 1 && scope == NNT_MEMORY_OF_NODE) {
    status = share(memory, bytes, error);
  } else {
    status = nnt_memory_allocate(bytes, "data shared by a node", &memory->plain, error);
    memory->data = memory->plain;
  }
  status = nnt_comm_agree(comm, status, error);
  if (status != NNT_OK) {
    nnt_node_memory_destroy(&memory);
    return status;
  }
  *out = memory;
  return NNT_OK;
}

void nnt_node_memory_destroy(nnt_node_memory **memory) {
  if (*memory == NULL) return;
  if ((*memory)->window != MPI_WIN_NULL) {
    MPI_Win_unlock_all((*memory)->window);
    MPI_Win_free(&(*memory)->window);
  }
  nnt_memory_free(&(*memory)->plain);
  free(*memory);
  *memory = NULL;
}

void *nnt_node_memory_data(nnt_node_memory *memory) {
  return memory->data;
}

nnt_status nnt_node_memory_sync(nnt_node_memory *memory, nnt_error *error) {
  if (memory->window == MPI_WIN_NULL) return NNT_OK;
  nnt_status status = nnt_comm_check(MPI_Win_sync(memory->window), "MPI_Win_sync", error);
  if (status == NNT_OK)
    status = nnt_comm_check(MPI_Barrier(memory->comm->node), "MPI_Barrier", error);
  if (status == NNT_OK)
    status = nnt_comm_check(MPI_Win_sync(memory->window), "MPI_Win_sync", error);
  return status;
}
