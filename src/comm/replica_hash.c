/* Whether all copies of the parameters are still the same to the bit. */
#include "comm/replica_hash.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comm/comm.h"

/* Votes of a rank: its parts, at most. */
#define VOTES 2
/* Ranks that a message names, at most. */
#define NAMED 6
#define NO_PART (-1)

struct nnt_replica_hash {
  nnt_comm *comm;
  nnt_replica_hash_share share;
  int *parts;       /* [size, VOTES] that the ranks hash; NO_PART: none */
  uint64_t *hashes; /* [size, VOTES] of the last comparison */
  uint64_t *first;  /* [share.parts] the first hash of each part */
  bool *known;      /* [share.parts] */
};

static nnt_replica_hash_share share_of(const nnt_comm *comm, int sharers) {
  bool shared = sharers > 1;
  nnt_replica_hash_share share = {.parts = sharers, .count = comm->size > 1 ? 1 : 0};
  share.own[0] = shared ? comm->node_rank : 0;
  share.own[1] = NO_PART;
  if (shared && comm->nodes == 1) {
    share.own[1] = (comm->node_rank + 1) % sharers;
    share.count = 2;
  }
  return share;
}

nnt_status nnt_replica_hash_create(nnt_comm *comm, int sharers, nnt_replica_hash **out,
                                   nnt_error *error) {
  size_t votes = VOTES * (size_t)comm->size, parts = (size_t)sharers;
  *out = NULL;
  nnt_replica_hash *drift = calloc(1, sizeof *drift);
  nnt_status status = NNT_OK;
  if (drift != NULL) {
    *drift = (nnt_replica_hash){.comm = comm,
                                .share = share_of(comm, sharers),
                                .parts = calloc(votes, sizeof *drift->parts),
                                .hashes = calloc(votes, sizeof *drift->hashes),
                                .first = calloc(parts, sizeof *drift->first),
                                .known = calloc(parts, sizeof *drift->known)};
  }
  if (drift == NULL || drift->parts == NULL || drift->hashes == NULL || drift->first == NULL ||
      drift->known == NULL)
    status = nnt_fail_memory(error, votes * sizeof *drift->hashes, "comparing parameters");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_comm_check(
        MPI_Allgather(drift->share.own, VOTES, MPI_INT, drift->parts, VOTES, MPI_INT, comm->world),
        "MPI_Allgather", error);
  if (status != NNT_OK) {
    nnt_replica_hash_destroy(&drift);
    return status;
  }
  *out = drift;
  return NNT_OK;
}

void nnt_replica_hash_destroy(nnt_replica_hash **drift) {
  if (*drift == NULL) return;
  free((*drift)->parts);
  free((*drift)->hashes);
  free((*drift)->first);
  free((*drift)->known);
  free(*drift);
  *drift = NULL;
}

nnt_replica_hash_share nnt_replica_hash_share_of(const nnt_replica_hash *drift) {
  return drift->share;
}

static bool all_same(nnt_replica_hash *drift) {
  memset(drift->known, 0, (size_t)drift->share.parts * sizeof *drift->known);
  for (int i = 0; i < VOTES * drift->comm->size; ++i) {
    int part = drift->parts[i];
    if (part == NO_PART) continue;
    if (drift->known[part] && drift->first[part] != drift->hashes[i]) return false;
    drift->known[part] = true;
    drift->first[part] = drift->hashes[i];
  }
  return true;
}

/* Votes for the part of vote i, and how many of them are like it. */
static void count_votes(const nnt_replica_hash *drift, int i, int *all, int *like) {
  *all = 0;
  *like = 0;
  for (int j = 0; j < VOTES * drift->comm->size; ++j) {
    if (drift->parts[j] != drift->parts[i]) continue;
    ++*all;
    *like += drift->hashes[j] == drift->hashes[i];
  }
}

/* Whether a rank holds something else than most others; *doubtful when there is no majority. */
static bool differs(const nnt_replica_hash *drift, int rank, bool *doubtful) {
  bool found = false;
  for (int i = VOTES * rank; i < VOTES * (rank + 1); ++i) {
    int all = 0, like = 0;
    if (drift->parts[i] == NO_PART) continue;
    count_votes(drift, i, &all, &like);
    if (like == all || 2 * like > all) continue;
    found = true;
    bool majority = false;
    for (int j = 0; j < VOTES * drift->comm->size && !majority; ++j) {
      int other = 0;
      if (drift->parts[j] != drift->parts[i]) continue;
      count_votes(drift, j, &all, &other);
      majority = 2 * other > all;
    }
    *doubtful = *doubtful || !majority;
  }
  return found;
}

/* "rank 2 on b, rank 5 on c"; the hosts are [size, MPI_MAX_PROCESSOR_NAME]. */
static void name_ranks(const nnt_replica_hash *drift, const char *hosts, char *text, size_t size,
                       bool *doubtful) {
  int count = 0;
  size_t used = 0;
  text[0] = '\0';
  for (int rank = 0; rank < drift->comm->size; ++rank) {
    if (!differs(drift, rank, doubtful) || ++count > NAMED) continue;
    used += (size_t)snprintf(text + used, size - used, "%srank %d on %.48s", count > 1 ? ", " : "",
                             rank, hosts + (size_t)rank * MPI_MAX_PROCESSOR_NAME);
  }
  if (count > NAMED) (void)snprintf(text + used, size - used, " and %d more", count - NAMED);
}

static nnt_status fail(const nnt_replica_hash *drift, const char *when, nnt_error *error) {
  char own[MPI_MAX_PROCESSOR_NAME] = "", ranks[NAMED * 80];
  int length = 0;
  bool doubtful = false;
  size_t bytes = (size_t)drift->comm->size * sizeof own;
  char *hosts = malloc(bytes);
  nnt_status status =
      hosts != NULL ? NNT_OK : nnt_fail_memory(error, bytes, "the names of the hosts");
  status = nnt_comm_agree(drift->comm, status, error);
  if (status == NNT_OK) {
    (void)MPI_Get_processor_name(own, &length);
    status = nnt_comm_check(
        MPI_Allgather(own, sizeof own, MPI_CHAR, hosts, sizeof own, MPI_CHAR, drift->comm->world),
        "MPI_Allgather", error);
  }
  if (status == NNT_OK) {
    name_ranks(drift, hosts, ranks, sizeof ranks, &doubtful);
    status = nnt_fail(error, NNT_DIFFERENT,
                      "copies of the parameters differ\n%.100s: %s%s\nsuspect memory, processor or "
                      "binary there, leave the host out and go on with --resume; the checkpoints "
                      "before are good",
                      when, ranks, doubtful ? ", one of them" : ", against all others");
  }
  free(hosts);
  return status;
}

nnt_status nnt_replica_hash_compare(nnt_replica_hash *drift, const uint64_t hashes[VOTES],
                                    const char *when, nnt_error *error) {
  if (drift->share.count == 0) return NNT_OK;
  nnt_status status = nnt_comm_check(MPI_Allgather(hashes, VOTES, MPI_UINT64_T, drift->hashes,
                                                   VOTES, MPI_UINT64_T, drift->comm->world),
                                     "MPI_Allgather", error);
  if (status != NNT_OK || all_same(drift)) return status;
  return fail(drift, when, error);
}
