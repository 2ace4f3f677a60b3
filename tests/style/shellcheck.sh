#!/usr/bin/env bash
# Run with SOURCE_DIR: every shell script parses, and shellcheck has nothing to say.
set -euo pipefail

cd "$1"
mapfile -d '' -t scripts < <(find .ci/run scripts slurm tests -type f \
  \( -name run -o -name '*.sh' -o -name '*.sbatch' \) -print0 | sort -z)
for script in "${scripts[@]}"; do bash -n "$script"; done
command -v shellcheck >/dev/null || { echo "shellcheck is missing"; exit 77; }
shellcheck --external-sources --severity=info "${scripts[@]}"
