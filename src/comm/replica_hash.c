/* Checks that all replicas of the parameters are bitwise identical. */
#include "comm/replica_hash.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comm/comm.h"

/* Votes of a rank, one per part that it hashes, at most. */
#define VOTES 2
/* Most ranks named in a message. */
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
  nnt_replica_hash *hash = calloc(1, sizeof *hash);
  nnt_status status = NNT_OK;
  if (hash != NULL) {
    *hash = (nnt_replica_hash){.comm = comm,
                               .share = share_of(comm, sharers),
                               .parts = calloc(votes, sizeof *hash->parts),
                               .hashes = calloc(votes, sizeof *hash->hashes),
                               .first = calloc(parts, sizeof *hash->first),
                               .known = calloc(parts, sizeof *hash->known)};
  }
  if (hash == NULL || hash->parts == NULL || hash->hashes == NULL || hash->first == NULL ||
      hash->known == NULL)
    status = nnt_fail_memory(error, votes * sizeof *hash->hashes, "comparing parameters");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK)
    status = nnt_comm_check(
        MPI_Allgather(hash->share.own, VOTES, MPI_INT, hash->parts, VOTES, MPI_INT, comm->world),
        "MPI_Allgather", error);
  if (status != NNT_OK) {
    nnt_replica_hash_destroy(&hash);
    return status;
  }
  *out = hash;
  return NNT_OK;
}

void nnt_replica_hash_destroy(nnt_replica_hash **hash) {
  if (*hash == NULL) return;
  free((*hash)->parts);
  free((*hash)->hashes);
  free((*hash)->first);
  free((*hash)->known);
  free(*hash);
  *hash = NULL;
}

nnt_replica_hash_share nnt_replica_hash_share_of(const nnt_replica_hash *hash) {
  return hash->share;
}

static bool all_same(nnt_replica_hash *hash) {
  memset(hash->known, 0, (size_t)hash->share.parts * sizeof *hash->known);
  for (int i = 0; i < VOTES * hash->comm->size; ++i) {
    int part = hash->parts[i];
    if (part == NO_PART) continue;
    if (hash->known[part] && hash->first[part] != hash->hashes[i]) return false;
    hash->known[part] = true;
    hash->first[part] = hash->hashes[i];
  }
  return true;
}

/* The votes for the part of vote i, and how many of them agree with it. */
static void count_votes(const nnt_replica_hash *hash, int i, int *all, int *like) {
  *all = 0;
  *like = 0;
  for (int j = 0; j < VOTES * hash->comm->size; ++j) {
    if (hash->parts[j] != hash->parts[i]) continue;
    ++*all;
    *like += hash->hashes[j] == hash->hashes[i];
  }
}

/* Whether a rank disagrees with the majority; *doubtful when there is none. */
static bool differs(const nnt_replica_hash *hash, int rank, bool *doubtful) {
  bool found = false;
  for (int i = VOTES * rank; i < VOTES * (rank + 1); ++i) {
    int all = 0, like = 0;
    if (hash->parts[i] == NO_PART) continue;
    count_votes(hash, i, &all, &like);
    if (like == all || 2 * like > all) continue;
    found = true;
    bool majority = false;
    for (int j = 0; j < VOTES * hash->comm->size && !majority; ++j) {
      int other = 0;
      if (hash->parts[j] != hash->parts[i]) continue;
      count_votes(hash, j, &all, &other);
      majority = 2 * other > all;
    }
    *doubtful = *doubtful || !majority;
  }
  return found;
}

/* "rank 2 on b, rank 5 on c"; the hosts are [size, MPI_MAX_PROCESSOR_NAME]. */
static void name_ranks(const nnt_replica_hash *hash, const char *hosts, char *text, size_t size,
                       bool *doubtful) {
  int count = 0;
  size_t used = 0;
  text[0] = '\0';
  for (int rank = 0; rank < hash->comm->size; ++rank) {
    if (!differs(hash, rank, doubtful) || ++count > NAMED) continue;
    used += (size_t)snprintf(text + used, size - used, "%srank %d on %.48s", count > 1 ? ", " : "",
                             rank, hosts + (size_t)rank * MPI_MAX_PROCESSOR_NAME);
  }
  if (count > NAMED) (void)snprintf(text + used, size - used, " and %d more", count - NAMED);
}

static nnt_status fail(const nnt_replica_hash *hash, const char *when, nnt_error *error) {
  char own[MPI_MAX_PROCESSOR_NAME] = "", ranks[NAMED * 80];
  int length = 0;
  bool doubtful = false;
  size_t bytes = (size_t)hash->comm->size * sizeof own;
  char *hosts = malloc(bytes);
  nnt_status status =
      hosts != NULL ? NNT_OK : nnt_fail_memory(error, bytes, "the names of the hosts");
  status = nnt_comm_agree(hash->comm, status, error);
  if (status == NNT_OK) {
    (void)MPI_Get_processor_name(own, &length);
    status = nnt_comm_check(
        MPI_Allgather(own, sizeof own, MPI_CHAR, hosts, sizeof own, MPI_CHAR, hash->comm->world),
        "MPI_Allgather", error);
  }
  if (status == NNT_OK) {
    name_ranks(hash, hosts, ranks, sizeof ranks, &doubtful);
    status =
        nnt_fail(error, NNT_DIFFERENT,
                 "copies of the parameters differ\n%.100s: %s%s\nsuspect bad memory, a bad CPU "
                 "or another binary there; exclude the host and continue with --resume; "
                 "earlier checkpoints are good",
                 when, ranks, doubtful ? ", one of them" : ", against all others");
  }
  free(hosts);
  return status;
}

nnt_status nnt_replica_hash_compare(nnt_replica_hash *hash, const uint64_t hashes[VOTES],
                                    const char *when, nnt_error *error) {
  if (hash->share.count == 0) return NNT_OK;
  nnt_status status = nnt_comm_check(MPI_Allgather(hashes, VOTES, MPI_UINT64_T, hash->hashes, VOTES,
                                                   MPI_UINT64_T, hash->comm->world),
                                     "MPI_Allgather", error);
  if (status != NNT_OK || all_same(hash)) return status;
  return fail(hash, when, error);
}
