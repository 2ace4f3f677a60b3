# shellcheck shell=bash
# Sourced by the other scripts: what this machine needs said before MPI and CMake work.

# Open MPI refuses root unless told twice.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
