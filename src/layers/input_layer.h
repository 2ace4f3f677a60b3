/* The first layer's two products, straight from the samples as they are stored.
 *
 * A batch's inputs never exist as one matrix of floats: each thread converts and normalises what
 * its next product reads into a buffer of its own, which stays in its cache. Every sample is read
 * twice a step, forward and for the weight gradient; bytes stay bytes in memory. */
#ifndef NNT_LAYERS_INPUT_LAYER_H
#define NNT_LAYERS_INPUT_LAYER_H

#include "kernels/gemm.h"

/* How the samples of a data set are stored and normalised; borrowed. */
typedef struct nnt_input {
  nnt_element element;
  int64_t features;
  const float *shift, *scale; /* [features padded to whole panels] */
} nnt_input;

/* One thread's view of a batch. */
typedef struct nnt_input_rows {
  const nnt_input *input;
  const void *const *rows; /* [count] first element of each sample */
  int64_t count;
  /* Samples that are prefetched while the weight gradient is computed; NULL: none. */
  const void *const *next;
  int64_t next_count;
  const nnt_dropout *dropout; /* of the inputs; NULL: neither noise nor dropout */
  float noise;                /* deviation; with seed and update of `dropout` */
  int64_t position;           /* of the first sample, for both */
  float *buffer;              /* of this thread, nnt_input_buffer_floats */
} nnt_input_rows;

/* Floats of a thread's buffer for batches of up to `rows` rows. */
int64_t nnt_input_buffer_floats(int64_t features, int64_t rows);

/* This thread's part of call->c = X B + bias and its epilogue; call->a is not read. */
void nnt_input_forward(const nnt_kernels *kernels, nnt_team team, const nnt_input_rows *x,
                       const nnt_gemm_nn_call *call);

/* This thread's part of call->c = X^T B; call->a is not read. */
void nnt_input_gradient(const nnt_kernels *kernels, nnt_team team, const nnt_input_rows *x,
                        const nnt_gemm_tn_call *call);

#endif
