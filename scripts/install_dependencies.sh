#!/usr/bin/env bash
# Installs the missing build dependencies of nntrain with apt-get on Debian and Ubuntu. Elsewhere it
# checks for them and lists the missing ones.
#
#   scripts/install_dependencies.sh           to build, to run, and for the quick start
#   scripts/install_dependencies.sh --tests   also for the tests
set -euo pipefail

build_packages=(gcc libc6-dev make cmake pkg-config openmpi-bin libopenmpi-dev
  libhdf5-openmpi-dev zlib1g-dev libssl-dev libjansson-dev libinih-dev libcsv-dev
  libonnx-dev libprotobuf-c-dev protobuf-c-compiler libzip-dev
  dataset-fashion-mnist)
test_packages=(g++ libcmocka-dev python3 python3-numpy python3-h5py valgrind clang clang-format clang-tidy
  libomp-dev shellcheck hdf5-tools iproute2 slurmctld slurmd slurm-client slurm-wlm-basic-plugins
  munge)

say() { printf '%s\n' "install_dependencies: $*"; }
fail() {
  printf '%s\n' "install_dependencies: $*" >&2
  exit 1
}

is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_with_apt() {
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    say "everything is installed"
    return
  fi
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "neither root nor sudo; ask an administrator to run:
  apt-get install ${missing[*]}"
    root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes -qq --no-install-recommends "${missing[@]}"
}

# libFuzzer is a separate package on some systems, and part of clang on others.
install_fuzzer_with_apt() {
  is_installed libclang-rt-dev || ! apt-cache show libclang-rt-dev >/dev/null 2>&1 ||
    install_with_apt libclang-rt-dev
}

# Elsewhere packages have other names: check for headers and programs.
has_header() { printf '#include <%s>\n' "$1" | "${CC:-cc}" -E -x c - >/dev/null 2>&1; }
has_python() { python3 -c "import $1" >/dev/null 2>&1; }

missing_tools() {
  local tool
  for tool in "${CC:-cc}" make cmake pkg-config mpicc mpirun; do
    command -v "$tool" >/dev/null || echo "$tool"
  done
  for tool in zlib libcrypto jansson inih; do
    pkg-config --exists "$tool" 2>/dev/null || echo "$tool (found through pkg-config)"
  done
  has_header csv.h || echo "libcsv (header csv.h)"
  has_header hdf5.h || command -v h5cc >/dev/null || command -v h5pcc >/dev/null ||
    pkg-config --exists hdf5 2>/dev/null || echo "HDF5"
  [ "$1" = tests ] || return 0
  for tool in python3 valgrind clang clang-format clang-tidy shellcheck h5diff ip slurmctld slurmd sbatch \
    munged; do
    command -v "$tool" >/dev/null || echo "$tool"
  done
  pkg-config --exists cmocka 2>/dev/null || has_header cmocka.h || echo "cmocka"
  for tool in numpy h5py; do has_python "$tool" || echo "Python's $tool"; done
}

check_elsewhere() {
  say "not a Debian or Ubuntu system. The Debian packages are:"
  printf '  %s\n' "${build_packages[*]}"
  [ "$1" = build ] || printf '  %s\n' "${test_packages[*]}"
  local missing
  missing=$(missing_tools "$1")
  if [ -n "$missing" ]; then
    fail "missing here (install them with your system's package manager or modules):
$(printf '%s\n' "$missing" | sed 's/^/  /')"
  fi
  say "everything is installed"
}

purpose=build
case "${1:-}" in
  "") ;;
  --tests) purpose=tests ;;
  *)
    printf 'usage: install_dependencies.sh [--tests]\n' >&2
    exit 2
    ;;
esac

packages=("${build_packages[@]}")
[ "$purpose" = build ] || packages+=("${test_packages[@]}")
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  install_with_apt "${packages[@]}"
  [ "$purpose" = build ] || install_fuzzer_with_apt
else
  check_elsewhere "$purpose"
fi
