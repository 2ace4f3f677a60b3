/* Status files by which nodes report their state when MPI messages no longer get through, in the
 * run directory. A report is an empty file with all information in its name, so that one directory
 * scan reads all reports. While a run is healthy nothing is written, except for one file by which
 * nodes find out whether they see the same directory.
 *
 *   .nntrain-watch-RUN  by rank 0, until the end of the run
 *   .nntrain-watch-RUN-NODE-STATE-UPDATES-MISSING-COUNT  by a node; COUNT numbers its reports
 *
 * Creation and destruction are collective; the rest is for the watchdog thread and makes no MPI
 * calls. */
#ifndef NNT_GUARD_NODE_FILES_H
#define NNT_GUARD_NODE_FILES_H

#include <nntrain/comm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nnt_node_files nnt_node_files;

/* In chronological order. */
typedef enum nnt_node_state {
  NNT_NODE_ABSENT, /* no report */
  NNT_NODE_BUSY,   /* no step within the timeout, but a rank makes progress */
  NNT_NODE_SILENT, /* no rank makes progress */
  NNT_NODE_ENDING, /* aborting; its newest consistent state is known */
  NNT_NODE_FAILED, /* could not save that state */
  NNT_NODE_SAVED   /* has saved it */
} nnt_node_state;

typedef struct nnt_node_report {
  nnt_node_state state;
  int64_t updates; /* of the newest consistent state; -1: none */
  int missing;     /* ranks of the node that the others wait for */
  double age;      /* seconds since the report last changed, as observed by this node */
} nnt_node_report;

/* Removes the files of an earlier run. *out is NULL on a single node. */
nnt_status nnt_node_files_create(nnt_comm *comm, const char *output, nnt_node_files **out,
                                 nnt_error *error) NNT_MUST_CHECK;
/* *files may be NULL. */
void nnt_node_files_destroy(nnt_node_files **files);

/* Whether this node sees the directory to which rank 0 writes. */
bool nnt_node_files_is_there(const nnt_node_files *files);
int nnt_node_files_nodes(const nnt_node_files *files);
int nnt_node_files_own(const nnt_node_files *files);
/* Replaces this node's report; ABSENT removes it. */
void nnt_node_files_write(nnt_node_files *files, nnt_node_state state, int64_t updates,
                          int missing);
/* Reads the reports of all nodes, `seconds` after the last call. */
void nnt_node_files_read(nnt_node_files *files, double seconds);
nnt_node_report nnt_node_files_report(const nnt_node_files *files, int node);
/* "node7, ranks 14 to 15" */
void nnt_node_files_name(const nnt_node_files *files, int node, char *text, size_t size);

#endif
