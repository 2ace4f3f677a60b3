/* Activations, one table per instruction set.
 *
 * Float arrays are aligned to 64 bytes and `count` is a multiple of 32 (whole panel rows).
 * Every kernel is single-threaded; the caller divides the work. */
#ifndef NNT_KERNELS_ACTIVATIONS_H
#define NNT_KERNELS_ACTIVATIONS_H

#include <nntrain/activations.h>
#include <stdint.h>

typedef struct nnt_activation_kernels {
  /* y = f(z) in place. `auxiliary` receives f'(z) if the activation stores its derivative, is left
   * alone otherwise, and may be NULL when no backward pass is needed. */
  void (*activate[NNT_ACTIVATION_COUNT])(float *z, float *auxiliary, int64_t count);
  /* gradient *= f'(z); `auxiliary` is y, or f'(z) if the activation stores it. */
  void (*derive[NNT_ACTIVATION_COUNT])(float *gradient, float *auxiliary, int64_t count);
  /* gradient *= derivative. */
  void (*derive_stored)(float *gradient, float *derivative, int64_t count);
} nnt_activation_kernels;

#endif
