#!/usr/bin/env bash
# slurm_scripts.sh FOLDER: runs the batch scripts with stand-ins for srun and mpirun, which note
# their words, and checks the command lines. Real Slurm is not needed.
set -euo pipefail

scripts=$1
scratch=$PWD/with\ space
rm -rf "$scratch"
mkdir -p "$scratch/bin"
cd "$scratch"
failures=0

# The stand-in writes its name, OMP_NUM_THREADS and words, one a line, and exits as it is told.
for name in srun mpirun scontrol; do
  cat >"bin/$name" <<'END'
#!/bin/sh
{ echo "${0##*/}"; echo "OMP_NUM_THREADS=$OMP_NUM_THREADS"; printf '%s\n' "$@"; } >called
exit "${FAKE_EXIT:-0}"
END
  chmod +x "bin/$name"
done

# run SCRIPT SED_EXPRESSION [NAME=VALUE ...]: edits a copy as its user would, runs it; exit code in
# $code, what was called in the file called.
run() {
  local script=$1 edits=$2
  shift 2
  rm -f called
  sed -e "$edits" "$scripts/$script" >edited.sbatch
  code=0
  env -u OMP_NUM_THREADS -u SLURM_CPUS_PER_TASK PATH="$scratch/bin:$PATH" SLURM_NTASKS=8 \
    SLURM_JOB_ID=1 "$@" bash edited.sbatch >output 2>&1 || code=$?
}

# expect NAME EXIT_CODE LINE ...: what must have been called, line by line.
expect() {
  local name=$1 wanted=$2
  shift 2
  [ "$#" -eq 0 ] || printf '%s\n' "$@" >wanted
  if [ "$code" -ne "$wanted" ]; then
    echo "$name: exit code $code, not $wanted"
    cat output
    failures=$((failures + 1))
  elif [ "$#" -gt 0 ] && ! diff wanted called; then
    echo "$name: other words than wanted (<)"
    failures=$((failures + 1))
  fi
}

for script in one_node.sbatch multi_node.sbatch; do
  hidden=512,512 batch=256
  [ "$script" = one_node.sbatch ] || hidden=1024,1024 batch=1024
  train=(nntrain train --data data.h5:train --validation data.h5:test --hidden "$hidden"
    --epochs 20 --batch-size "$batch" --learning-rate 0.1 --momentum 0.9 --output run --resume)

  run "$script" '' SLURM_CPUS_PER_TASK=4
  expect "$script, srun" 0 srun OMP_NUM_THREADS=4 --mpi=pmix --cpu-bind=cores -K1 --export=ALL \
    --cpus-per-task=4 "${train[@]}"

  run "$script" 's/^LAUNCHER=.*/LAUNCHER=mpirun/' SLURM_CPUS_PER_TASK=4
  expect "$script, mpirun" 0 mpirun OMP_NUM_THREADS=4 -np 8 --map-by slot:PE=4 --bind-to core \
    -x OMP_NUM_THREADS "${train[@]}"

  run "$script" '' # without --cpus-per-task
  expect "$script, one thread" 0 srun OMP_NUM_THREADS=1 --mpi=pmix --cpu-bind=cores -K1 \
    --export=ALL --cpus-per-task=1 "${train[@]}"

  run "$script" 's|^DATA=.*|DATA="my data.h5:train"|; s|^NNTRAIN=.*|NNTRAIN="/a b/nntrain"|
    s|^OPTIONS=.*|OPTIONS=(--quiet)|; s|^RUN=.*|RUN="my run"|' SLURM_CPUS_PER_TASK=2
  expect "$script, edited, spaces" 0 srun OMP_NUM_THREADS=2 --mpi=pmix --cpu-bind=cores -K1 \
    --export=ALL --cpus-per-task=2 "/a b/nntrain" train --data "my data.h5:train" \
    --validation data.h5:test --quiet --output "my run" --resume

  # shellcheck disable=SC2016
  run "$script" 's/^prepare() .*/prepare() { echo "$not_set"; NNTRAIN=from-module; }/'
  train[0]=from-module
  expect "$script, prepare, with a name not set" 0 srun OMP_NUM_THREADS=1 --mpi=pmix \
    --cpu-bind=cores -K1 --export=ALL --cpus-per-task=1 "${train[@]}"

  run "$script" 's/^prepare() .*/prepare() { return 3; }/'
  expect "$script, prepare fails" 1
  [ ! -e called ] || { echo "$script: started though prepare failed"; failures=1; }

  for launcher in srun mpirun; do
    for result in 1 2 75 137; do
      run "$script" "s/^LAUNCHER=.*/LAUNCHER=$launcher/" FAKE_EXIT="$result"
      expect "$script, $launcher, exit code" "$result"
    done
  done

  run "$script" 's/^LAUNCHER=.*/LAUNCHER=ssh/'
  expect "$script, bad launcher" 2
  grep -q '^LAUNCHER=ssh: srun or mpirun$' output || { cat output; failures=1; }

  for line in --nodes= --ntasks-per-node= --cpus-per-task= --time= --output=%x-%j.log; do
    grep -q -e "^#SBATCH $line" "$scripts/$script" || { echo "$script: no $line"; failures=1; }
  done
done

echo "slurm_scripts: $failures failures"
[ "$failures" -eq 0 ]
