/* A files on which nodes tell each other how they stand when messages no longer go through: the
 * directory of the run. A report is an empty file whose name says it all, so that reading all notes
 * is reading one directory. Nothing is written there while a run is well, but for one file that
 * shows that all nodes see the same directory.
 *
 *   .nntrain-watch-RUN  by rank 0, as long as the run goes on
 *   .nntrain-watch-RUN-NODE-STATE-UPDATES-MISSING-COUNT  by a node; COUNT is of its notes
 *
 * Creating and destroying is collective; the rest is for the watchdog's thread, without MPI. */
#ifndef NNT_GUARD_NODE_FILES_H
#define NNT_GUARD_NODE_FILES_H

#include <nntrain/comm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nnt_node_files nnt_node_files;

/* In the order in which they come. */
typedef enum nnt_node_state {
  NNT_NODE_ABSENT, /* no report */
  NNT_NODE_BUSY,   /* no step for long, but a rank is at work */
  NNT_NODE_SILENT, /* no rank comes further */
  NNT_NODE_ENDING, /* gives the run up; knows its newest whole state */
  NNT_NODE_FAILED, /* and could not save it */
  NNT_NODE_SAVED   /* or has saved it */
} nnt_node_state;

typedef struct nnt_node_report {
  nnt_node_state state;
  int64_t updates; /* of the newest whole state; -1: none */
  int missing;     /* ranks of the node that the others wait for */
  double age;      /* seconds for which the report has been the same, as far as this node saw */
} nnt_node_report;

/* Takes away what an earlier run has left. *out is NULL on a single node. */
nnt_status nnt_node_files_create(nnt_comm *comm, const char *output, nnt_node_files **out,
                                 nnt_error *error) NNT_MUST_CHECK;
/* *files may be NULL. */
void nnt_node_files_destroy(nnt_node_files **files);

/* Whether this node sees the directory in which rank 0 writes. */
bool nnt_node_files_is_there(const nnt_node_files *files);
int nnt_node_files_nodes(const nnt_node_files *files);
int nnt_node_files_own(const nnt_node_files *files);
/* Puts up this node's report, in place of the one before; ABSENT takes it away. */
void nnt_node_files_write(nnt_node_files *files, nnt_node_state state, int64_t updates,
                          int missing);
/* Reads the notes of all nodes, `seconds` after the last time. */
void nnt_node_files_read(nnt_node_files *files, double seconds);
nnt_node_report nnt_node_files_report(const nnt_node_files *files, int node);
/* "node7, ranks 14 to 15" */
void nnt_node_files_name(const nnt_node_files *files, int node, char *text, size_t size);

#endif
