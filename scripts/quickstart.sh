#!/usr/bin/env bash
# From a fresh clone to a trained network: installs what is missing, builds, converts the
# Fashion-MNIST images, trains on two MPI ranks, evaluates, predicts. Can be rerun.
#
# Environment: NNTRAIN_QUICKSTART_EPOCHS (default 20).
set -euo pipefail

# Relative paths, so that spaces or colons in the name of this directory do no harm.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
images=/usr/share/datasets/fashion-mnist
classes=t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,boot
epochs=${NNTRAIN_QUICKSTART_EPOCHS:-20}
data=quickstart/fashion.h5
nntrain=build/src/nntrain

step() { printf '\n== %s\n' "$*"; }
fail() {
  printf 'quickstart: %s\n' "$*" >&2
  exit 1
}

# A new run directory each time: run, run-2, run-3 ...
new_run() {
  local run=quickstart/run number=2
  while [ -e "$run" ]; do
    run=quickstart/run-$number
    number=$((number + 1))
  done
  echo "$run"
}

# The file is renamed when both groups are complete.
convert() {
  local part=quickstart/fashion.part.h5
  rm -f "$part"
  "$nntrain" convert "$images/train-images-idx3-ubyte.gz" "$images/train-labels-idx1-ubyte.gz" \
    --output "$part:train" --class-names "$classes" >/dev/null
  "$nntrain" convert "$images/t10k-images-idx3-ubyte.gz" "$images/t10k-labels-idx1-ubyte.gz" \
    --output "$part:test" --class-names "$classes" >/dev/null
  mv "$part" "$data"
  echo "60,000 images to train on, 10,000 to test with"
}

# shellcheck source=scripts/environment.sh
. scripts/environment.sh
# By default Open MPI has one slot per core and binds each rank to a core: with fewer cores than ranks
# it would refuse to start. On one core, waiting ranks must yield (seven times as fast).
[ "$(nproc 2>/dev/null || echo 2)" -ge 2 ] || export OMPI_MCA_mpi_yield_when_idle=1
mpirun=(mpirun -np 2 --oversubscribe --bind-to none)
settings=(--data "$data:train" --validation "$data:test" --hidden '256,128' --batch-size 128
  --learning-rate 0.02 --momentum 0.9 --threads 1)

step "Installing what is missing"
scripts/install_dependencies.sh

step "Building into build/"
mkdir -p build
cmake --preset release >build/configure.log 2>&1 ||
  { cat build/configure.log >&2; fail "cmake failed, see above"; }
cmake --build build --parallel "$(nproc 2>/dev/null || echo 2)"

step "Converting Fashion-MNIST into $data"
mkdir -p quickstart
echo '*' >quickstart/.gitignore
if [ -e "$data" ]; then
  echo "already exists"
else
  [ -e "$images/train-images-idx3-ubyte.gz" ] ||
    fail "no Fashion-MNIST in $images; install the Debian package dataset-fashion-mnist"
  convert
fi

run=$(new_run)
step "Training 784-256-128-10 on two ranks, $epochs epochs, into $run/"
"${mpirun[@]}" "$nntrain" train "${settings[@]}" --epochs "$epochs" --output "$run"

step "Evaluating and predicting the 10,000 test images"
"$nntrain" eval --checkpoint "$run/last.h5" --data "$data:test"
"$nntrain" predict --checkpoint "$run/last.h5" --data "$data:test" --output "$run/predictions.csv"
accuracy=$("$nntrain" eval --checkpoint "$run/last.h5" --data "$data:test" --json |
  sed -n 's/.*"accuracy": *\([0-9.eE+-]*\).*/\1/p')
[ -n "$accuracy" ] || fail "eval --json printed no accuracy"

step "Done"
awk -v accuracy="$accuracy" 'BEGIN { printf "accuracy      %.2f %%\n", 100 * accuracy }'
cat <<END
data          $data
run           $run/  (checkpoints, best.h5, metrics.jsonl)
predictions   $run/predictions.csv

Next, in $PWD: inspect the run, and continue training
  $nntrain inspect $run/best.h5
END
if [ "$(id -u)" -eq 0 ]; then
  echo "  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
fi
cat <<END
  ${mpirun[*]} $nntrain train --resume --output $run \\
    --epochs $((2 * epochs)) ${settings[*]}
END
