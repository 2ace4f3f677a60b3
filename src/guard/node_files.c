/* Status files of the nodes in the run directory. */
#include "guard/node_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "comm/comm.h"

#define PREFIX ".nntrain-watch-"
#define NAME_SIZE 128
#define FOLDER_SIZE 4096
#define PATH_SIZE (FOLDER_SIZE + 258)
#define HOST_SIZE 64

/* What is known of a node. */
typedef struct node {
  char host[HOST_SIZE];
  int first, last; /* ranks */
  nnt_node_report report;
  unsigned count; /* its sequence number */
} node;

struct nnt_node_files {
  char path[FOLDER_SIZE];
  uint64_t run;
  bool there, leads; /* leads: rank 0 */
  int nodes, own;
  node *node;              /* [nodes] */
  char current[NAME_SIZE]; /* name of this node's status file; "": none */
  unsigned count;
};

/* Where one rank runs; sent between ranks. */
typedef struct place {
  int node;
  char host[HOST_SIZE];
} place;

static void join(const nnt_node_files *files, const char *name, char path[PATH_SIZE]) {
  (void)snprintf(path, PATH_SIZE, "%s/%s", files->path, name);
}

static bool create_file(const nnt_node_files *files, const char *name) {
  char path[PATH_SIZE];
  join(files, name, path);
  int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  return descriptor >= 0 && close(descriptor) == 0;
}

static void remove_file(const nnt_node_files *files, const char *name) {
  char path[PATH_SIZE];
  join(files, name, path);
  (void)unlink(path);
}

static void sweep(const char *path) {
  DIR *directory = opendir(path);
  if (directory == NULL) return;
  for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0)
      (void)unlinkat(dirfd(directory), entry->d_name, 0);
  }
  (void)closedir(directory);
}

/* Gathers the hosts and ranks of the nodes. */
static nnt_status learn_nodes(nnt_comm *comm, nnt_node_files *files, nnt_error *error) {
  place own = {.node = comm->node_index};
  int ranks = nnt_comm_size(comm);
  place *all = calloc((size_t)ranks, sizeof *all);
  nnt_status status =
      all != NULL ? NNT_OK : nnt_fail_memory(error, (size_t)ranks * sizeof *all, "the watchdog");
  (void)gethostname(own.host, sizeof own.host - 1);
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = nnt_comm_gather(comm, &own, sizeof own, all, error);
  for (int r = ranks - 1; r >= 0 && status == NNT_OK; --r) {
    node *of = &files->node[all[r].node];
    memcpy(of->host, all[r].host, sizeof of->host);
    of->first = r;
    if (of->last == 0) of->last = r;
  }
  free(all);
  return status;
}

/* Agrees on a unique id of the run, and creates the file by which nodes find out whether they see
 * the directory. */
static nnt_status open_run(nnt_comm *comm, nnt_node_files *files, nnt_error *error) {
  struct timespec now;
  char name[NAME_SIZE], path[PATH_SIZE];
  (void)clock_gettime(CLOCK_REALTIME, &now);
  files->run = ((uint64_t)now.tv_sec << 32) ^ ((uint64_t)now.tv_nsec << 20) ^ (uint64_t)getpid();
  nnt_status status = nnt_comm_broadcast(comm, 0, &files->run, sizeof files->run, error);
  if (status != NNT_OK) return status;
  (void)snprintf(name, sizeof name, PREFIX "%016" PRIx64, files->run);
  if (files->leads) (void)create_file(files, name);
  status = nnt_comm_barrier(comm, error);
  join(files, name, path);
  files->there = access(path, F_OK) == 0;
  return status;
}

nnt_status nnt_node_files_create(nnt_comm *comm, const char *output, nnt_node_files **out,
                                 nnt_error *error) {
  *out = NULL;
  if (nnt_comm_rank(comm) == 0) sweep(output);
  if (nnt_comm_nodes(comm) == 1) return NNT_OK;
  nnt_node_files *files = calloc(1, sizeof *files);
  if (files != NULL) {
    files->nodes = nnt_comm_nodes(comm);
    files->own = comm->node_index;
    files->leads = nnt_comm_rank(comm) == 0;
    files->node = calloc((size_t)files->nodes, sizeof *files->node);
    (void)snprintf(files->path, sizeof files->path, "%s", output);
  }
  nnt_status status = files != NULL && files->node != NULL
                          ? NNT_OK
                          : nnt_fail_memory(error, sizeof *files, "the watchdog");
  status = nnt_comm_agree(comm, status, error);
  if (status == NNT_OK) status = learn_nodes(comm, files, error);
  if (status == NNT_OK) status = nnt_comm_agree(comm, open_run(comm, files, error), error);
  if (status != NNT_OK) {
    nnt_node_files_destroy(&files);
    return status;
  }
  *out = files;
  return NNT_OK;
}

void nnt_node_files_destroy(nnt_node_files **files) {
  if (*files == NULL) return;
  if ((*files)->leads && (*files)->there) sweep((*files)->path);
  free((*files)->node);
  free(*files);
  *files = NULL;
}

bool nnt_node_files_is_there(const nnt_node_files *files) {
  return files->there;
}

int nnt_node_files_nodes(const nnt_node_files *files) {
  return files->nodes;
}

int nnt_node_files_own(const nnt_node_files *files) {
  return files->own;
}

void nnt_node_files_write(nnt_node_files *files, nnt_node_state state, int64_t updates,
                          int missing) {
  char name[NAME_SIZE] = "";
  if (!files->there) return;
  if (state != NNT_NODE_ABSENT) {
    (void)snprintf(name, sizeof name, PREFIX "%016" PRIx64 "-%d-%d-%" PRId64 "-%d-%u", files->run,
                   files->own, (int)state, updates, missing, ++files->count);
    (void)create_file(files, name);
  }
  if (files->current[0] != '\0') remove_file(files, files->current);
  memcpy(files->current, name, sizeof name);
}

static void read_name(nnt_node_files *files, const char *name) {
  uint64_t run = 0;
  int index = 0, state = 0, missing = 0;
  int64_t updates = 0;
  unsigned count = 0;
  int found = sscanf(name, PREFIX "%16" SCNx64 "-%d-%d-%" SCNd64 "-%d-%u", &run, &index, &state,
                     &updates, &missing, &count);
  if (found != 6 || run != files->run || index < 0 || index >= files->nodes) return;
  node *of = &files->node[index];
  if (state < NNT_NODE_BUSY || state > NNT_NODE_SAVED || count <= of->count) return;
  of->count = count;
  of->report =
      (nnt_node_report){.state = (nnt_node_state)state, .updates = updates, .missing = missing};
}

void nnt_node_files_read(nnt_node_files *files, double seconds) {
  DIR *directory = files->there ? opendir(files->path) : NULL;
  for (int i = 0; i < files->nodes; ++i) files->node[i].report.age += seconds;
  if (directory == NULL) return;
  for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
    read_name(files, entry->d_name);
  (void)closedir(directory);
}

nnt_node_report nnt_node_files_report(const nnt_node_files *files, int node_index) {
  return files->node[node_index].report;
}

void nnt_node_files_name(const nnt_node_files *files, int node_index, char *text, size_t size) {
  const node *of = &files->node[node_index];
  if (of->first == of->last)
    (void)snprintf(text, size, "%s (rank %d)", of->host, of->first);
  else
    (void)snprintf(text, size, "%s (ranks %d to %d)", of->host, of->first, of->last);
}
