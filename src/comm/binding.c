/* Hosts, CPUs and threads of the ranks. */
#include "comm/binding.h"

#include <inttypes.h>
#include <nntrain/version.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/message.h"
#include "base/partition.h"
#include "comm/comm.h"

/* Where one rank runs; sent between ranks. */
typedef struct place {
  char host[64];
  char isa[32];
  int node, threads;
  int host_cores; /* of the whole machine */
  nnt_cpus cpus, cores;
} place;

struct nnt_binding {
  int rank, size, nodes;
  place *place; /* [size] */
};

/* Iterates over the ranks of a node, which need not be consecutive. */
typedef struct node_ranks {
  const nnt_binding *binding;
  int node, next;
} node_ranks;

static const place *next_rank(node_ranks *ranks) {
  const nnt_binding *b = ranks->binding;
  while (ranks->next < b->size && b->place[ranks->next].node != ranks->node) ++ranks->next;
  return ranks->next < b->size ? &b->place[ranks->next++] : NULL;
}

static node_ranks ranks_of(const nnt_binding *binding, int node) {
  return (node_ranks){binding, node, 0};
}

/* OpenMP, if it binds, binds this thread to the first place: the rank may use all of them. */
static void find_cpus(nnt_cpus *out) {
  if (omp_get_proc_bind() == omp_proc_bind_false || omp_get_num_places() == 0) {
    nnt_cpus_allowed(out);
    return;
  }
  *out = (nnt_cpus){{0}};
  for (int p = 0; p < omp_get_num_places(); ++p) {
    int count = omp_get_place_num_procs(p), ids[NNT_CPUS_MOST];
    if (count > NNT_CPUS_MOST) continue;
    omp_get_place_proc_ids(p, ids);
    for (int i = 0; i < count; ++i) nnt_cpus_add(out, ids[i]);
  }
}

static void describe_self(nnt_comm *comm, int threads, place *own) {
  const char *wish = getenv("OMP_NUM_THREADS");
  nnt_error ignored;
  nnt_cpus online, cores;
  const char *isa = nnt_kernel_isa(&ignored);
  own->node = comm->node_index;
  own->threads = threads;
  if (threads <= 0 && wish != NULL && *wish != '\0') own->threads = omp_get_max_threads();
  (void)gethostname(own->host, sizeof own->host - 1);
  (void)snprintf(own->isa, sizeof own->isa, "%s", isa != NULL ? isa : "no");
  find_cpus(&own->cpus);
  nnt_cpus_cores(&own->cpus, &own->cores);
  nnt_cpus_online(&online);
  nnt_cpus_cores(&online, &cores);
  own->host_cores = nnt_cpus_count(&cores);
}

/* Threads for the ranks of a node that have none yet: each core is divided equally among the ranks
 * that may use it. */
static void divide_cores(const nnt_binding *b, int node) {
  int users[NNT_CPUS_MOST] = {0};
  node_ranks ranks = ranks_of(b, node);
  for (const place *p = next_rank(&ranks); p != NULL; p = next_rank(&ranks)) {
    for (int c = 0; c < NNT_CPUS_MOST; ++c) users[c] += nnt_cpus_has(&p->cores, c);
  }
  for (int r = 0; r < b->size; ++r) {
    place *p = &b->place[r];
    double share = 1e-9; /* thirds may sum to slightly less than one */
    if (p->node != node || p->threads > 0) continue;
    for (int c = 0; c < NNT_CPUS_MOST; ++c) {
      if (nnt_cpus_has(&p->cores, c)) share += 1.0 / (double)users[c];
    }
    int most = omp_get_thread_limit();
    p->threads = share < 1.0 ? 1 : (int)share;
    if (p->threads > most) p->threads = most;
  }
}

nnt_status nnt_binding_create(nnt_comm *comm, int threads, nnt_binding **out, nnt_error *error) {
  place own = {.threads = 0};
  size_t ranks = (size_t)nnt_comm_size(comm);
  *out = NULL;
  nnt_binding *b = calloc(1, sizeof *b);
  if (b != NULL) {
    b->rank = nnt_comm_rank(comm);
    b->size = nnt_comm_size(comm);
    b->nodes = nnt_comm_nodes(comm);
    b->place = calloc(ranks, sizeof *b->place);
  }
  nnt_status status = b != NULL && b->place != NULL
                          ? NNT_OK
                          : nnt_fail_memory(error, ranks * sizeof own, "the binding of the ranks");
  status = nnt_comm_agree(comm, status, error);
  describe_self(comm, threads, &own);
  if (status == NNT_OK) status = nnt_comm_gather(comm, &own, sizeof own, b->place, error);
  if (status != NNT_OK) {
    nnt_binding_destroy(&b);
    return status;
  }
  for (int n = 0; n < b->nodes; ++n) {
    if (b->rank == 0 || n == own.node) divide_cores(b, n);
  }
  *out = b;
  return NNT_OK;
}

void nnt_binding_destroy(nnt_binding **binding) {
  if (*binding == NULL) return;
  free((*binding)->place);
  free(*binding);
  *binding = NULL;
}

int nnt_binding_threads(const nnt_binding *binding) {
  return binding->place[binding->rank].threads;
}

/* Whether two nodes are the same but for their names. */
static bool is_alike(const nnt_binding *b, int one, int other) {
  node_ranks first = ranks_of(b, one), second = ranks_of(b, other);
  for (;;) {
    const place *p = next_rank(&first), *q = next_rank(&second);
    if (p == NULL || q == NULL) return p == q;
    if (p->threads != q->threads || p->host_cores != q->host_cores || strcmp(p->isa, q->isa) != 0 ||
        memcmp(&p->cpus, &q->cpus, sizeof p->cpus) != 0)
      return false;
  }
}

/* "CPU 5", "CPUs 0-3 for each", "CPUs 0-1 | 2-3". */
static void name_cpus(const nnt_binding *b, int node, char *text, size_t size) {
  node_ranks ranks = ranks_of(b, node);
  const place *first = next_rank(&ranks);
  bool same = true;
  char list[128];
  nnt_cpus_text(&first->cpus, list, sizeof list);
  int count = 1;
  for (const place *p = next_rank(&ranks); p != NULL; p = next_rank(&ranks), ++count)
    same = same && memcmp(&p->cpus, &first->cpus, sizeof p->cpus) == 0;
  bool single = same && nnt_cpus_count(&first->cpus) == 1;
  size_t used = (size_t)snprintf(text, size, "CPU%s %s", single ? "" : "s", list);
  if (same) {
    if (count > 1) (void)snprintf(text + used, size - used, " for each");
    return;
  }
  ranks = ranks_of(b, node);
  (void)next_rank(&ranks);
  for (const place *p = next_rank(&ranks); p != NULL; p = next_rank(&ranks)) {
    nnt_cpus_text(&p->cpus, list, sizeof list);
    if (used + strlen(list) + sizeof " | ..." + 2 > size) {
      (void)snprintf(text + used, size - used, " | ...");
      return;
    }
    used += (size_t)snprintf(text + used, size - used, " | %s", list);
  }
}

/* "host a", or "32 hosts, a to z" for `count` identical ones. */
static void name_hosts(const nnt_binding *b, int first, int last, int count, char *text,
                       size_t size) {
  node_ranks one = ranks_of(b, first), other = ranks_of(b, last);
  const place *p = next_rank(&one), *q = next_rank(&other);
  if (count == 1)
    (void)snprintf(text, size, "host %s", p->host);
  else
    (void)snprintf(text, size, "%d hosts, %s %s %s", count, p->host, count == 2 ? "and" : "to",
                   q->host);
}

static void report_group(const nnt_binding *b, int node, const char *hosts, const nnt_log *log) {
  char cpus[256], threads[32];
  int count = 0, least = INT32_MAX, most = 0;
  node_ranks ranks = ranks_of(b, node);
  const char *isa = "";
  for (const place *p = next_rank(&ranks); p != NULL; p = next_rank(&ranks)) {
    ++count;
    isa = p->isa;
    if (p->threads < least) least = p->threads;
    if (p->threads > most) most = p->threads;
  }
  name_cpus(b, node, cpus, sizeof cpus);
  if (least < most)
    (void)snprintf(threads, sizeof threads, "%d to %d", least, most);
  else
    (void)snprintf(threads, sizeof threads, "%d", most);
  nnt_message(log, NNT_LOG_INFO, "%s: %d rank%s x %s thread%s, %s, %s kernels", hosts, count,
              count == 1 ? "" : "s", threads, most == 1 ? "" : "s", cpus, isa);
}

/* Oversubscribed cores, assuming that every rank spreads its threads evenly over its cores;
 * *threads: those of the ranks that may use these cores. */
static int crowded_cores(const nnt_binding *b, int node, int *threads, nnt_cpus *cores) {
  double load[NNT_CPUS_MOST] = {0.0};
  node_ranks ranks = ranks_of(b, node);
  for (const place *p = next_rank(&ranks); p != NULL; p = next_rank(&ranks)) {
    for (int c = 0; c < NNT_CPUS_MOST; ++c) {
      if (nnt_cpus_has(&p->cores, c))
        load[c] += (double)p->threads / (double)nnt_cpus_count(&p->cores);
    }
  }
  *cores = (nnt_cpus){{0}};
  for (int c = 0; c < NNT_CPUS_MOST; ++c) {
    if (load[c] > 1.0 + 1e-6) nnt_cpus_add(cores, c);
  }
  *threads = 0;
  ranks = ranks_of(b, node);
  for (const place *p = next_rank(&ranks); p != NULL; p = next_rank(&ranks)) {
    bool there = false;
    for (int c = 0; c < NNT_CPUS_MOST && !there; ++c)
      there = nnt_cpus_has(&p->cores, c) && nnt_cpus_has(cores, c);
    if (there) *threads += p->threads;
  }
  return nnt_cpus_count(cores);
}

static void warn_group(const nnt_binding *b, int node, const char *hosts, const nnt_log *log) {
  const char *gives_way = getenv("OMPI_MCA_mpi_yield_when_idle");
  int threads = 0;
  nnt_cpus cores;
  char list[128];
  int count = crowded_cores(b, node, &threads, &cores);
  if (count == 0 || (gives_way != NULL && strcmp(gives_way, "1") == 0)) return;
  node_ranks ranks = ranks_of(b, node);
  const place *first = next_rank(&ranks);
  nnt_cpus_text(&cores, list, sizeof list);
  if (threads <= first->host_cores)
    nnt_message(log, NNT_LOG_WARNING,
                "%s: %d threads share %d of %d cores (CPUs %s): give each rank cores of its own, "
                "mpirun --map-by slot:PE=%d (srun --cpus-per-task=%d), or disable binding, "
                "--bind-to none",
                hosts, threads, count, first->host_cores, list, first->threads, first->threads);
  else
    nnt_message(log, NNT_LOG_WARNING,
                "%s: %d threads share %d core%s (CPUs %s): start fewer ranks%s", hosts, threads,
                count, count == 1 ? "" : "s", list,
                first->threads > 1 ? ", or use fewer --threads" : "");
}

void nnt_binding_report(const nnt_binding *binding, const nnt_log *log) {
  const nnt_binding *b = binding;
  bool *reported = b->rank == 0 ? calloc((size_t)b->nodes, sizeof *reported) : NULL;
  if (reported == NULL) return;
  for (int n = 0; n < b->nodes; ++n) {
    char hosts[192];
    int count = 0, last = n;
    if (reported[n]) continue;
    for (int m = n; m < b->nodes; ++m) {
      if (reported[m] || !is_alike(b, n, m)) continue;
      reported[m] = true;
      last = m;
      ++count;
    }
    name_hosts(b, n, last, count, hosts, sizeof hosts);
    report_group(b, n, hosts, log);
    warn_group(b, n, hosts, log);
  }
  free(reported);
}

nnt_status nnt_binding_settle(nnt_comm *comm, int wanted, int *threads, nnt_error *error) {
  nnt_binding *binding = NULL;
  nnt_status status = nnt_binding_create(comm, wanted, &binding, error);
  if (status == NNT_OK) *threads = nnt_binding_threads(binding);
  nnt_binding_destroy(&binding);
  return status;
}
