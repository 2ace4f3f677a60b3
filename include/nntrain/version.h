/* What this build is. */
#ifndef NNTRAIN_VERSION_H
#define NNTRAIN_VERSION_H

#include <nntrain/status.h>

/* "MAJOR.MINOR.PATCH" */
NNT_API const char *nnt_version(void);
/* One line: HDF5's version and whether it is the parallel build. */
NNT_API const char *nnt_hdf5_version(void);
/* The kernels' instruction set in use: "avx512", "avx2", "neon" or "baseline". Chosen by what the
 * CPU and the operating system support, or by the environment variable NNTRAIN_ISA. NULL, with
 * *error filled (NNT_BAD_USAGE), when NNTRAIN_ISA asks for one that is unknown or unsupported. */
NNT_API const char *nnt_kernel_isa(nnt_error *error);

#endif
