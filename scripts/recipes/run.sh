#!/usr/bin/env bash
# Trains a recipe with several seeds and evaluates each run on the test set.
#
#   scripts/recipes/run.sh fashion|mnist|breast-cancer|diabetes [SEED ...]     default seeds 1 2 3
#
# Environment: NNTRAIN (default: nntrain on PATH, else build/src/nntrain), LAUNCH (such as
# "mpirun -np 2"), NNTRAIN_MNIST_DIR (directory with MNIST's four .gz files), PYTHON (with scikit-learn
# and h5py, for the last two). Works in ./recipes/.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/environment.sh
. "$here/../environment.sh"
recipe=${1:-}
if [ ! -f "$here/$recipe.ini" ]; then
  sed -n '2,/^set/{/^#/p}' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
shift
[ $# -gt 0 ] || set -- 1 2 3
nntrain=${NNTRAIN:-$(command -v nntrain || echo "$here/../../build/src/nntrain")}
read -r -a launch <<<"${LAUNCH:-}"
mkdir -p recipes
cd recipes

idx() {
  local folder=$1 name=$2
  [ -f "$name.h5" ] && return
  "$nntrain" convert "$folder"/train-{images-idx3,labels-idx1}-ubyte.gz --output "$name.h5:train" >/dev/null
  "$nntrain" convert "$folder"/t10k-{images-idx3,labels-idx1}-ubyte.gz --output "$name.h5:test" >/dev/null
}

measure=accuracy
case "$recipe" in
  fashion) idx "${NNTRAIN_FASHION_DIR:-/usr/share/datasets/fashion-mnist}" fashion ;;
  mnist) idx "${NNTRAIN_MNIST_DIR:?names the folder with the four .gz files of MNIST}" mnist ;;
  *) "${PYTHON:-python3}" "$here/sklearn_data.py" "$recipe" "$recipe.h5" --compare 2>/dev/null ;;
esac
[ "$recipe" != diabetes ] || measure=r2

for seed in "$@"; do
  rm -rf "$recipe-$seed"
  began=$(date +%s)
  "${launch[@]}" "$nntrain" train --config "$here/$recipe.ini" --seed "$seed" --quiet \
    --output "$recipe-$seed"
  took=$(($(date +%s) - began))
  # With a validation part its best epoch, else the last one.
  checkpoint=$recipe-$seed
  grep -q '^split' "$here/$recipe.ini" || checkpoint=$recipe-$seed/last.h5
  reached=$("$nntrain" eval --json --checkpoint "$checkpoint" --data "$recipe.h5:test" |
    sed "s/.*\"$measure\": \([-0-9.e]*\).*/\1/")
  printf 'seed %s: %s %.4f, %s s\n' "$seed" "$measure" "$reached" "$took"
  printf '%s\n' "$reached" >&3
done 3>reached.txt
awk -v what="$measure" '{ n++; s += $1; q += $1 * $1 }
  END { m = s / n; d = n > 1 ? sqrt((q - n * m * m) / (n - 1)) : 0;
        printf("%s %.4f +- %.4f over %d seeds\n", what, m, d, n) }' reached.txt
rm reached.txt
