/* What network.c (memory) and pass.c (the passes) share. */
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
  const void **rows;                 /* where each sample of the batch lies */
  int64_t staged_bytes;              /* of an image that was changed */
  char *staged;                      /* [capacity, staged_bytes]; NULL: none are */
  const void **staged_rows;          /* [capacity] */
  int64_t buffer_floats;             /* of one thread's converted samples */
  float *buffers;                    /* [threads, buffer_floats] */
  nnt_panels values[NNT_MAX_LAYERS]; /* each layer's outputs */
  /* f'(z) where it is not a function of y, with dropout's factors; else NULL */
  float *auxiliary[NNT_MAX_LAYERS];
  /* Of layers with normalisation, in training; else NULL. */
  float *normal[NNT_MAX_LAYERS];            /* as values, before gain and shift */
  float *inverse_deviation[NNT_MAX_LAYERS]; /* [capacity] */
  float *norm_sums;                         /* [2, widest]: gradients of gains and shifts */
  nnt_panels gradient[2];                   /* dZ of a layer and of the one before, in turn */
  float *transposed[2];                     /* W^T of a layer and of the one before, in turn */
  nnt_panels targets;
  int32_t *classes;
  float *weights; /* of rows; NULL without training */
  float *losses;
  double forward_end;
};

#endif
