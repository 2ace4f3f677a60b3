/* Choosing the kernels for the CPU that the program runs on. */
#include "kernels/dispatch.h"

#include <nntrain/version.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(set)                                        \
  extern const nnt_microkernel nnt_microkernel_##set;       \
  extern const nnt_activation_kernels nnt_activation_##set; \
  extern const nnt_elementwise nnt_elementwise_##set;       \
  extern const nnt_update_kernels nnt_update_##set;         \
  extern const nnt_noise_kernels nnt_noise_##set;           \
  extern const nnt_norm_kernels nnt_norm_##set;             \
  static const nnt_kernels set = {#set,                     \
                                  &nnt_microkernel_##set,   \
                                  &nnt_activation_##set,    \
                                  &nnt_elementwise_##set,   \
                                  &nnt_update_##set,        \
                                  &nnt_noise_##set,         \
                                  &nnt_norm_##set};

#if defined(__x86_64__)
DECLARE(avx512)
DECLARE(avx2)
DECLARE(baseline)
static const nnt_kernels *const all[] = {&avx512, &avx2, &baseline, NULL};
#elif defined(__aarch64__)
DECLARE(neon)
static const nnt_kernels *const all[] = {&neon, NULL};
#else
DECLARE(baseline)
static const nnt_kernels *const all[] = {&baseline, NULL};
#endif

static const nnt_kernels *forced;

void nnt_kernels_force(const nnt_kernels *kernels) {
  forced = kernels;
}

const nnt_kernels *const *nnt_kernels_all(void) {
  return all;
}

/* GCC's and clang's __builtin_cpu_supports also checks the operating system's support (XGETBV). */
bool nnt_kernels_supported(const nnt_kernels *kernels) {
#if defined(__x86_64__)
  if (kernels == &avx512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (kernels == &avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  (void)kernels;
  return true;
}

static void list_supported(char *text, size_t size) {
  text[0] = '\0';
  for (int i = 0; all[i] != NULL; ++i) {
    if (!nnt_kernels_supported(all[i])) continue;
    if (text[0] != '\0') strncat(text, ", ", size - strlen(text) - 1);
    strncat(text, all[i]->isa, size - strlen(text) - 1);
  }
}

nnt_status nnt_kernels_choose(const nnt_kernels **out, nnt_error *error) {
  const char *wanted = getenv("NNTRAIN_ISA");
  *out = forced;
  for (int i = 0; all[i] != NULL && *out == NULL; ++i) {
    bool named = wanted == NULL || wanted[0] == '\0' || strcmp(wanted, all[i]->isa) == 0;
    if (named && nnt_kernels_supported(all[i])) *out = all[i];
  }
  if (*out != NULL) return NNT_OK;
  char supported[64];
  list_supported(supported, sizeof supported);
  return nnt_fail(error, NNT_BAD_USAGE,
                  "no such kernels on this CPU\nenvironment variable NNTRAIN_ISA=%s\n"
                  "unset it, or choose one of: %s",
                  wanted != NULL ? wanted : "", supported);
}

const char *nnt_version(void) {
  return NNT_VERSION;
}

const char *nnt_kernel_isa(nnt_error *error) {
  const nnt_kernels *kernels = NULL;
  return nnt_kernels_choose(&kernels, error) == NNT_OK ? kernels->isa : NULL;
}
