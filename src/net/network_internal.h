/* What network.c (memory), pass.c and norm_pass.c (the passes) share. */
#ifndef NNT_NET_NETWORK_INTERNAL_H
#define NNT_NET_NETWORK_INTERNAL_H

#include "base/memory.h"
#include "net/network.h"
#include "net/team_size.h"

/* Whether the forward pass of an activation leaves f'(z) in its auxiliary matrix. */
bool nnt_stores_derivative(nnt_activation activation);

struct nnt_network {
  const nnt_model *model;
  const nnt_kernels *kernels;
  nnt_layout layout;
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
  const void **partner_rows;         /* [capacity] */
  int32_t *partner_classes;          /* [capacity] */
  float *shares;                     /* [capacity]: the own class's share of the loss */
  char *pairs;                       /* [threads, 2, an image] when images are changed too */
  nnt_input staged_input;            /* how `staged` is to be read */
  int64_t buffer_floats;             /* of one thread's converted samples */
  float *buffers;                    /* [threads, buffer_floats] */
  nnt_panels values[NNT_MAX_LAYERS]; /* each layer's outputs */
  /* f'(z) where it is not a function of y, with dropout's factors; else NULL */
  float *auxiliary[NNT_MAX_LAYERS];
  /* Of layers with normalisation, in training; else NULL. */
  float *normal[NNT_MAX_LAYERS];            /* as values, before gain and shift */
  float *inverse_deviation[NNT_MAX_LAYERS]; /* [capacity], with batch normalisation [outputs] */
  float *batch_mean[NNT_MAX_LAYERS];        /* [outputs], with batch normalisation */
  float *norm_sums;                         /* [2, widest]: gradients of gains and shifts */
  const float *gathered;                    /* all ranks' nodes of the batch, borrowed */
  nnt_panels gradient[2];                   /* dZ of a layer and of the one before, in turn */
  float *transposed[2];                     /* W^T of a layer and of the one before, in turn */
  nnt_panels targets;
  int32_t *classes;
  float *weights; /* of rows; NULL without training */
  float *losses;
  double forward_end;
};

/* What a team does together in a pass. */
typedef struct nnt_pass {
  nnt_network *network;
  const float *parameters;
  int64_t rows;
  float scale;
  const nnt_network_step_call *call; /* NULL: forward alone */
  nnt_dropout input_dropout;
} nnt_pass;

/* The first `rows` rows of a matrix of the full capacity. */
nnt_panels nnt_first_rows(nnt_panels matrix, int64_t rows);
/* dZ of a layer: the first floats of a gradient buffer as a matrix of its width. */
nnt_panels nnt_pass_gradient(const nnt_network *network, int layer, int64_t rows);

#endif
