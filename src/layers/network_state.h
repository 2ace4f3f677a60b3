/* The memory of a network, shared by network.c, the pass and the kinds of layers. */
#ifndef NNT_LAYERS_NETWORK_STATE_H
#define NNT_LAYERS_NETWORK_STATE_H

#include "base/memory.h"
#include "layers/network.h"
#include "layers/team_size.h"
#include "layers/unit.h"

struct nnt_network {
  const nnt_model *model;
  const nnt_kernels *kernels;
  nnt_layout layout;
  int unit_count;
  nnt_unit units[NNT_MAX_UNITS];
  nnt_input input;
  int threads;
  double flops_per_row;
  nnt_team_size team_size;
  nnt_arena arena;
  const void **rows;        /* where each sample of the batch lies */
  int64_t staged_bytes;     /* of an image that was changed */
  char *staged;             /* [capacity, staged_bytes]; NULL: none are */
  const void **staged_rows; /* [capacity] */
  /* Samples that are mixed in pairs, float32 in `staged`; else NULL. */
  const void **partner_rows; /* [capacity] */
  int32_t *partner_classes;  /* [capacity] */
  float *shares;             /* [capacity]: the own class's share of the loss */
  char *pairs;               /* [threads, 2, an image] when images are changed too */
  nnt_input staged_input;    /* how `staged` is to be read */
  int64_t buffer_floats;     /* of one thread's converted samples */
  float *buffers;            /* [threads, buffer_floats] */
  const float *gathered;     /* what all ranks have given last (nnt_whole_batch), borrowed */
  nnt_panels targets;
  int32_t *classes;
  float *weights; /* of rows; NULL without training */
  float *losses;
  double forward_end;
};

/* The unit whose output is the network's. */
const nnt_unit *nnt_network_last(const nnt_network *network);

#endif
