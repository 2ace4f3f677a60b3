#!/usr/bin/env bash
# packaging.sh CMAKE BUILD_DIR C_COMPILER VERSION: installs the build into a scratch prefix whose
# name has a space, moves it, and builds a program against it in every way that is offered.
set -euo pipefail

cmake=$1 build=$2 compiler=$3 version=$4
flags=() libs=()
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$PWD
rm -rf "$scratch"/prefix* "$scratch"/cmake-build "$scratch"/with_*

fail() {
  echo "packaging: $*" >&2
  exit 1
}

# shell_words ARRAY TEXT: splits as a shell would; pkg-config escapes spaces with backslashes.
shell_words() { eval "$1=($2)"; }

# Runs a program on two ranks; $2 says whether it must (shared) or must not (static) load the
# shared library.
check() {
  local program=$1 kind=$2 output libraries loaded=static
  libraries=$(ldd "$program")
  [ "${libraries#*libnntrain.so}" = "$libraries" ] || loaded=shared
  [ "$kind" = "$loaded" ] || fail "$program is $loaded, not $kind"
  output=$("${NNTRAIN_MPIEXEC:-mpirun}" -np 2 --oversubscribe --bind-to none "$program") ||
    fail "$program failed"
  [ "$output" = "version $version, done, 2 ranks" ] || fail "$program printed: $output"
}

"$cmake" --install "$build" --prefix "$scratch/prefix first" >install.log
prefix=$scratch/prefix
mv "$scratch/prefix first" "$prefix"
libdir=$(dirname "$(find "$prefix" -name libnntrain.a)")
[ -e "$libdir/libnntrain.so" ] || fail "no libnntrain.so beside libnntrain.a"
export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

[ "$("$prefix/bin/nntrain" --version | sed -n 1p)" = "nntrain $version" ] ||
  fail "bin/nntrain --version"

# Headers: each compiles alone, and only the public ones are there.
export PKG_CONFIG_PATH=$libdir/pkgconfig
[ "$(pkg-config --modversion nntrain)" = "$version" ] || fail "the version of nntrain.pc"
shell_words flags "$(pkg-config --cflags nntrain)"
for header in "$prefix"/include/nntrain/*.h; do
  printf '#include <nntrain/%s>\n' "$(basename "$header")" |
    "$compiler" -std=c11 -Wall -Wextra -Werror "${flags[@]}" -fsyntax-only -x c - ||
    fail "$(basename "$header") does not compile alone"
done

# C++ takes them as well, and the names are those of C.
if command -v g++ >/dev/null; then
  for header in "$prefix"/include/nntrain/*.h; do
    printf '#include <nntrain/%s>\n' "$(basename "$header")"
  done >headers.cc
  printf '#include <cstdio>\nint main() { std::puts(nnt_version()); }\n' >>headers.cc
  shell_words libs "$(pkg-config --libs nntrain)"
  g++ -std=c++17 -Wall -Wextra -Werror -DOMPI_SKIP_MPICXX "${flags[@]}" headers.cc -o with_cc \
    "${libs[@]}" || fail "a header does not compile as C++"
  [ "$(./with_cc)" = "$version" ] || fail "the program in C++"
else
  echo "packaging: no g++, so not tried from C++"
fi

# Only nnt_ names are visible.
strangers=$(nm --dynamic --defined-only "$libdir/libnntrain.so" | awk '$3 !~ /^nnt_/ {print $3}')
[ -z "$strangers" ] || fail "libnntrain.so shows other names: $strangers"

# Nothing of this build's own flags, and no path of this source tree, is passed on.
if grep -rnE 'nnt_flags|-Werror|BUILD_INTERFACE' "$libdir/cmake" "$libdir/pkgconfig"; then
  fail "flags of the build are passed on"
fi
if grep -rnF -e "$build" -e "$(dirname "$(dirname "$here")")/" "$libdir/cmake" \
  "$libdir/pkgconfig"; then
  fail "a path of the source or build tree is passed on"
fi

"$cmake" -S "$here/consumer" -B cmake-build -DCMAKE_C_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$prefix" -DNNTRAIN_VERSION="$version" >cmake.log
"$cmake" --build cmake-build >>cmake.log
check cmake-build/with_shared shared
check cmake-build/with_static static

shell_words libs "$(pkg-config --libs nntrain)"
"$compiler" -std=c11 "${flags[@]}" "$here/consumer.c" -o with_shared "${libs[@]}"
check ./with_shared shared

# -l:libnntrain.a, because with both in one folder -lnntrain means the shared one.
shell_words libs "$(pkg-config --static --libs nntrain)"
"$compiler" -std=c11 "${flags[@]}" "$here/consumer.c" -o with_static \
  "${libs[@]/#-lnntrain/-l:libnntrain.a}"
check ./with_static static
# The program of the library's README, started twice, ends with the bits of the command line.
awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' "$here/../../include/nntrain/README.md" >example.c
shell_words libs "$(pkg-config --libs nntrain)"
"$compiler" -std=c11 -Wall -Wextra -Werror "${flags[@]}" example.c -o example "${libs[@]}"
awk 'BEGIN { srand(1); for (i = 0; i < 300; i++) { x = rand(); y = rand(); print x "," y "," (x > y) } }' \
  >points.csv
rm -rf points.h5 example-run command-run
"$prefix/bin/nntrain" convert points.csv --output points.h5 >convert.log
start() { "${NNTRAIN_MPIEXEC:-mpirun}" -np 2 --oversubscribe --bind-to none ./example points.h5 example-run; }
start >example.log || fail "the README's program failed"
[ "$(grep -c '^epoch' example.log)" = 5 ] || fail "the README's program printed: $(cat example.log)"
start >again.log || fail "the README's program failed when it was started again"
grep -q '^epoch' again.log && fail "a run that was over went on"
"$prefix/bin/nntrain" train --data points.h5 --split 0.8 --hidden 16 --batch-size 32 --epochs 5 \
  --output command-run >command.log
expected=$(grep ^digest command.log)
for log in example.log again.log; do
  [ "$(grep ^digest $log)" = "$expected" ] || fail "the README's program and nntrain train differ"
done
"$prefix/bin/nntrain" eval --checkpoint command-run --data points.h5 --split 0.8 | grep -q \
  "$(grep ^accuracy example.log | awk '{ print $2 }')" || fail "the accuracies differ"
echo "packaging: find_package and pkg-config work, shared and static; so does the README's program"
