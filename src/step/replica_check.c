/* Comparing the copies of parameters and optimiser state that a run holds. */
#include "step/replica_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/partition.h"
#include "comm/replica_hash.h"
#include "net/fingerprint.h"
#include "net/optimizer.h"

struct nnt_replica_check {
  nnt_comm *comm;
  nnt_stepper *stepper;
  int threads;
  nnt_replica_hash *drift;
};

nnt_status nnt_replica_check_create(nnt_comm *comm, nnt_stepper *stepper, int threads,
                                    nnt_replica_check **out, nnt_error *error) {
  *out = NULL;
  nnt_replica_check *copies = calloc(1, sizeof *copies);
  nnt_status status =
      copies != NULL ? NNT_OK : nnt_fail_memory(error, sizeof *copies, "comparing parameters");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) {
    *copies = (nnt_replica_check){.comm = comm, .stepper = stepper, .threads = threads};
    status = nnt_replica_hash_create(comm, nnt_stepper_sharers(stepper), &copies->drift, error);
  }
  if (status != NNT_OK) {
    nnt_replica_check_destroy(&copies);
    return status;
  }
  *out = copies;
  return NNT_OK;
}

void nnt_replica_check_destroy(nnt_replica_check **copies) {
  if (*copies == NULL) return;
  nnt_replica_hash_destroy(&(*copies)->drift);
  free(*copies);
  *copies = NULL;
}

/* Of one part of the parameters and of the optimiser's state. */
static uint64_t hash_part(const nnt_replica_check *copies, int64_t parts, int64_t part) {
  int64_t floats = nnt_stepper_layout(copies->stepper)->tail;
  int64_t begin = nnt_partition_begin(floats, parts, part);
  int64_t count = nnt_partition_count(floats, parts, part);
  uint64_t hash =
      nnt_fingerprint(0, nnt_stepper_parameters(copies->stepper) + begin, count, copies->threads);
  for (int s = 0; s < NNT_OPTIMIZER_SLOTS; ++s) {
    const float *slot = nnt_stepper_state(copies->stepper, s);
    if (slot != NULL) hash = nnt_fingerprint(hash, slot + begin, count, copies->threads);
  }
  return hash;
}

nnt_status nnt_replica_check_compare(nnt_replica_check *copies, int64_t step, nnt_error *error) {
  if (copies == NULL) return NNT_OK;
  nnt_replica_hash_share share = nnt_replica_hash_share_of(copies->drift);
  uint64_t hashes[2] = {0, 0};
  char when[40];
  for (int i = 0; i < share.count; ++i) hashes[i] = hash_part(copies, share.parts, share.own[i]);
  (void)snprintf(when, sizeof when, "after step %" PRId64, step);
  return nnt_replica_hash_compare(copies->drift, hashes, when, error);
}
