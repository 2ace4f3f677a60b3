#!/usr/bin/env bash
# building.sh CMAKE SOURCE_DIR C_COMPILER PKG_CONFIG CTEST: without cmocka, or without a Python that
# has numpy and h5py, all is built but the tests that need them; asking for all tests is an error.
set -euo pipefail

cmake=$1 source=$2 compiler=$3 pkg_config=$4 ctest=$5
build=$PWD/build
rm -rf "$build" no-cmocka no-h5py
no_cmocka="-- Without cmocka: tests in C are left out"
no_python="-- Without Python 3 with numpy and h5py: tests in Python are left out"

# A pkg-config that does not find cmocka, and a Python in which h5py cannot be imported.
mkdir no-cmocka no-h5py
cat >no-cmocka/pkg-config <<END
#!/bin/sh
case "\$*" in *cmocka*) exit 1 ;; esac
exec "$pkg_config" "\$@"
END
chmod +x no-cmocka/pkg-config
echo 'raise ImportError("not here")' >no-h5py/h5py.py

fail() {
  echo "building: $*"
  cat output
  exit 1
}

# configure PYTHONPATH OPTION ...
configure() {
  local path=$1
  shift
  PYTHONPATH=$path "$cmake" -S "$source" -B "$build" -DCMAKE_C_COMPILER="$compiler" "$@" \
    >output 2>&1
}

# says LINE COUNT: how often the output has this line.
says() { [ "$(grep -c -x -F -e "$1" output)" -eq "$2" ] || fail "not $2 times: $1"; }

# has TEST COUNT
has() { [ "$(grep -c -E ": $1\$" tests)" -eq "$2" ] || fail "not $2 times: $1, $(cat tests)"; }

configure "$PWD/no-h5py" -DPKG_CONFIG_EXECUTABLE="$PWD/no-cmocka/pkg-config" ||
  fail "the default does not work without cmocka and h5py"
says "$no_cmocka" 1
says "$no_python" 1
"$cmake" --build "$build" --target nnt_base >output 2>&1 || fail "nothing can be built"
(cd "$build" && "$ctest" -N) >tests
has fuzz-corpus-csv 1
has packaging 1
has rng 0
has cli-train 0
has make-job 0

if configure "$PWD/no-h5py" -DNNTRAIN_TESTS=ON; then fail "all tests, without their needs"; fi
grep -q "Without cmocka there are no tests in C" output || fail "does not name cmocka"
grep -q "Without Python 3 with numpy and h5py there are no" output || fail "does not name Python"
grep -q -e "--tests" output || fail "does not say how to install them"

configure "" -DNNTRAIN_TESTS=AUTO || fail "does not work without cmocka"
says "$no_cmocka" 1
says "$no_python" 0
(cd "$build" && "$ctest" -N) >tests
has rng 0
has cli-usage 1

configure "" -DNNTRAIN_TESTS=OFF || fail "does not work without tests"
says "$no_cmocka" 0
echo "building: as it should be"
