#!/usr/bin/env bash
# clang_tidy.sh SOURCE_DIR BUILD_DIR: clang-tidy with .clang-tidy on every C file of src/, two at a
# time, compiled as the build compiles it.
set -euo pipefail

source=$1 build=$2 scratch=$PWD
command -v clang-tidy >/dev/null || { echo "clang-tidy is missing"; exit 77; }
[ -e "$build/compile_commands.json" ] || { echo "no compile_commands.json in $build"; exit 1; }

# Sources that tests compile again would be looked at as often, and in one process (see below).
python3 -c 'import json, sys
commands = {c["file"]: c for c in reversed(json.load(open(sys.argv[1])))}
json.dump(list(commands.values()), open("compile_commands.json", "w"))' "$build/compile_commands.json"
tidy=(clang-tidy -p "$scratch" --quiet --extra-arg=-Wno-unknown-warning-option
  --extra-arg=-Wno-ignored-optimization-argument --extra-arg=-Wno-error)
hints=("--extra-arg=-include" "--extra-arg=$source/tests/style/analyzer_hints.h")
cd "$source"
status=0
# One file a process: clang-tidy 14 mistakes va_lists in all but the first.
find src -name '*.c' ! -path src/base/status.c ! -path src/comm/comm.c -print0 | sort -z |
  xargs -0 -P 2 -n 1 "${tidy[@]}" "${hints[@]}" >"$scratch/warnings" 2>"$scratch/errors" || status=1
for file in src/base/status.c src/comm/comm.c; do
  "${tidy[@]}" "$file" >>"$scratch/warnings" 2>>"$scratch/errors" || status=1
done
if [ "$status" -ne 0 ]; then
  cat "$scratch/warnings"
  grep -vE '^[0-9]+ warnings?|^Suppressed|^Use -' "$scratch/errors" || true
fi
exit "$status"
