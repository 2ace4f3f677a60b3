#!/usr/bin/env bash
# Makes report.png anew: the top of the page of two runs on Fashion-MNIST. After scripts/quickstart.sh,
# whose data it takes; needs chromium. Takes a minute.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
nntrain=$PWD/build/src/nntrain
picture=$PWD/scripts/pictures/report.png
[ -e quickstart/fashion.h5 ] || {
  echo "make.sh: no quickstart/fashion.h5; run scripts/quickstart.sh first" >&2
  exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp quickstart/fashion.h5 "$work"
cd "$work"
settings=(--data fashion.h5:train --validation fashion.h5:test --epochs 12 --quiet)
"$nntrain" train "${settings[@]}" --hidden 128 --learning-rate 0.05 --output plain
"$nntrain" train "${settings[@]}" --hidden 512,256 --activation gelu --batch-norm --dropout 0.2 \
  --optimizer adamw --learning-rate 0.002 --schedule cosine --batch-size 256 --output batch-norm
"$nntrain" report plain batch-norm --data fashion.h5:test --output report.html
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
  --window-size=1280,1400 --screenshot="$picture" "file://$work/report.html" 2>/dev/null
echo "$picture"
