/* Choosing the kernels for the CPU that the program runs on. */
#ifndef NNT_KERNELS_DISPATCH_H
#define NNT_KERNELS_DISPATCH_H

#include <nntrain/status.h>
#include <stdbool.h>

#include "kernels/activations.h"
#include "kernels/elementwise.h"
#include "kernels/microkernel.h"
#include "kernels/noise.h"
#include "kernels/norm.h"
#include "kernels/update.h"

typedef struct nnt_kernels {
  const char *isa; /* "avx512", "avx2", "neon", "baseline" */
  const nnt_microkernel *micro;
  const nnt_activation_kernels *activation;
  const nnt_elementwise *elementwise;
  const nnt_update_kernels *update;
  const nnt_noise_kernels *noise;
  const nnt_norm_kernels *norm;
} nnt_kernels;

/* The variant for this CPU, or the one that the environment variable NNTRAIN_ISA names. A
 * constant table. Errors: NNT_BAD_USAGE for a name that does not exist or is not supported. */
nnt_status nnt_kernels_choose(const nnt_kernels **out, nnt_error *error) NNT_MUST_CHECK;

/* Forces a variant, which must be supported; NULL restores the automatic choice. For comparing the
 * variants in one process. */
void nnt_kernels_force(const nnt_kernels *kernels);

/* All compiled variants, best first, NULL-terminated, and whether the CPU and the operating system
 * support one; for tests and benchmarks. */
const nnt_kernels *const *nnt_kernels_all(void);
bool nnt_kernels_supported(const nnt_kernels *kernels);

#endif
