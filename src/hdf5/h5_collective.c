/* Collective reads with HDF5's MPI-IO driver, if HDF5 was built with it. */
#include <hdf5.h>

#include "comm/comm.h"
#include "hdf5/h5.h"
#include "hdf5/h5_internal.h"

nnt_status nnt_h5_can_collective(nnt_error *error) {
#ifdef H5_HAVE_PARALLEL
  (void)error;
  return NNT_OK;
#else
  return nnt_fail(error, NNT_BAD_USAGE,
                  "this build has no collective I/O\n--io collective: its HDF5 is serial\nuse --io "
                  "independent, or build with parallel HDF5 (libhdf5-openmpi-dev)");
#endif
}

nnt_status h5_set_collective(nnt_h5 *file, nnt_comm *comm, hid_t access, nnt_error *error) {
#ifdef H5_HAVE_PARALLEL
  file->collective = true;
  if (H5Pset_fapl_mpio(access, comm->world, MPI_INFO_NULL) < 0 ||
      H5Pset_dxpl_mpio(file->transfer, H5FD_MPIO_COLLECTIVE) < 0)
    return h5_fail(file, NNT_IO_ERROR, "cannot read collectively", NULL, "use --io independent",
                   error);
  return NNT_OK;
#else
  (void)file;
  (void)comm;
  (void)access;
  return nnt_h5_can_collective(error);
#endif
}
