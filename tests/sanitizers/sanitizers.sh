#!/usr/bin/env bash
# Builds everything with AddressSanitizer and UndefinedBehaviorSanitizer, runs the unit tests, then
# trains, evaluates and predicts on two ranks. Any report is a failure; only leaks inside Open MPI
# are suppressed, by name (tests/helpers/lsan.supp).
set -euo pipefail

source=$NNTRAIN_SOURCE_DIR
build=$PWD/build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$source"
cmake --preset asan-ubsan -B "$build" >/dev/null
cmake --build "$build" --parallel 2
cd "$build"
ctest --output-on-failure --no-tests=error -L '^(unit|fuzz)$'
NNT_TEST_PLACES=200 ctest --output-on-failure --no-tests=error -R '^(comm-np2|stop-np2|damage)$'

export ASAN_OPTIONS=fast_unwind_on_malloc=0:malloc_context_size=40
export LSAN_OPTIONS=suppressions=$source/tests/helpers/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
nntrain=$build/src/nntrain
run() { "$NNTRAIN_MPIEXEC" -np 2 --oversubscribe --bind-to none "$nntrain" "$@"; }
cd "$work"
"$PYTHON3" - <<'END'
import h5py, numpy
rng = numpy.random.default_rng(1)
with h5py.File("data.h5", "w") as f:
    f["x"] = rng.integers(0, 255, (501, 13, 3), dtype="uint8")
    f["y"] = rng.integers(0, 5, 501)
END
run train --data data.h5 --validation data.h5 --hidden 33,17 --activation gelu,tanh \
  --normalize standardize --batch-size 64 --epochs 2 --threads 2 --output run
run train --data data.h5 --validation data.h5 --hidden 33,17 --activation gelu,tanh \
  --normalize standardize --batch-size 64 --epochs 3 --threads 2 --output run --resume
run train --data data.h5 --hidden 33,17 --batch-size 64 --epochs 2 --threads 2 --output methods \
  --optimizer lamb --clip-norm 1 --max-norm 2 --layer-norm --dropout 0.3 --input-dropout 0.1 \
  --shift 2 --flip --erase 0.5 --noise 0.1 --label-smoothing 0.1 --accumulate 3
run train --data data.h5 --hidden 33,17 --batch-size 64 --epochs 2 --threads 2 --output batch \
  --batch-norm --dropout 0.3 --mixup 0.2 --flip --validation data.h5
run eval --checkpoint run --data data.h5 --top-k 2
run predict --checkpoint run --data data.h5 --output out.h5
run predict --checkpoint run --data data.h5 --output out.csv
