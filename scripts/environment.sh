# shellcheck shell=bash
# Sourced by the other scripts: what this machine needs said before MPI and CMake work.

# Open MPI refuses root unless told twice.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# hdf5_root_for_spaces DIRECTORY, once pkg-config is installed: CMake asks HDF5's compiler wrapper,
# a shell script that breaks in build directories with a space; there, tell CMake where HDF5 is.
hdf5_root_for_spaces() {
  case "$1" in
    *" "*) ;;
    *) return 0 ;;
  esac
  local name flags
  for name in hdf5-openmpi hdf5-mpi hdf5; do
    flags=$(pkg-config --libs-only-L "$name" 2>/dev/null) || continue
    [ -n "${HDF5_ROOT:-}" ] || HDF5_ROOT=$(printf '%s\n' "$flags" |
      tr ' ' '\n' | sed -n 's/^-L\(.*hdf5.*\)/\1/p' | head -n 1)
    export HDF5_ROOT
    return 0
  done
}
