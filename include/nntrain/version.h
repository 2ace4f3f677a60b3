/* Version and features of this build. */
#ifndef NNTRAIN_VERSION_H
#define NNTRAIN_VERSION_H

#include <nntrain/status.h>

/* "MAJOR.MINOR.PATCH" */
NNT_API const char *nnt_version(void);
/* One line: the HDF5 version and whether it is a parallel build. */
NNT_API const char *nnt_hdf5_version(void);
/* The instruction set of the kernels in use: "avx512", "avx2", "neon" or "baseline". The best that
 * CPU and operating system support, or that of the environment variable NNTRAIN_ISA. NULL, with
 * *error filled (NNT_BAD_USAGE), when NNTRAIN_ISA names an unknown or unsupported one. */
NNT_API const char *nnt_kernel_isa(nnt_error *error);

#endif
