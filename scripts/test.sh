#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors, runs all tests. More words go to ctest:
#
#   scripts/test.sh                 everything: 20 minutes on two cores
#   scripts/test.sh quick           while working: unit tests, style without clang-tidy, and a fast
#                                   test of most other labels; a minute, once all is built
#   scripts/test.sh -L unit         one label
#   scripts/test.sh -R rng          tests whose name matches
#
# A third of the tests mostly wait: half as many again as there are cores run at once.
# Builds into build-test/, or into $NNTRAIN_BUILD_DIR.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
caller=$PWD
cd "$root"
build=${NNTRAIN_BUILD_DIR:-build-test}
case "$build" in
  /*) ;;
  *) [ -z "${NNTRAIN_BUILD_DIR:-}" ] || build=$caller/$build ;;
esac
jobs=$(nproc 2>/dev/null || echo 2)
# shellcheck source=scripts/environment.sh
. scripts/environment.sh

scripts/install_dependencies.sh --tests
cmake --preset test -B "$build"
cmake --build "$build" --parallel "$jobs"
cd "$build"
if [ "${1:-}" = quick ]; then
  shift
  set -- -L '^quick$' "$@"
fi
ctest --output-on-failure --no-tests=error --parallel $((jobs + (jobs + 1) / 2)) "$@"
