#!/usr/bin/env bash
# clang_format.sh SOURCE_DIR: every C file is as .clang-format lays it out. To mend:
#   clang-format -i FILE
set -euo pipefail

command -v clang-format >/dev/null || { echo "clang-format is missing"; exit 77; }
cd "$1"
find include src tests scripts -name '*.[ch]' -print0 | sort -z |
  xargs -0 clang-format --dry-run -Werror --ferror-limit=1
