#!/usr/bin/env bash
# slurm_scripts.sh FOLDER: runs the batch scripts with stand-ins for srun and mpirun, which record
# their arguments, and checks the command lines. Real Slurm is not needed.
set -euo pipefail

scripts=$1
scratch=$PWD/with\ space
rm -rf "$scratch"
mkdir -p "$scratch/bin"
cd "$scratch"
failures=0

# The launchers' stand-in writes its name, OMP_NUM_THREADS and arguments, one per line, leaves a
# checkpoint (not with FAKE_STUCK) and exits with FAKE_EXIT; with FAKE_WAIT it first waits for USR1.
for name in srun mpirun; do
  cat >"bin/$name" <<'END'
#!/bin/bash
trap 'echo "got USR1" >>called; signalled=yes' USR1
{ echo "${0##*/}"; echo "OMP_NUM_THREADS=$OMP_NUM_THREADS"; printf '%s\n' "$@"; } >called
echo "${SLURM_JOB_END_TIME:-none}" >end-time
for _ in {1..2000}; do
  [ -n "${FAKE_WAIT:-}" ] && [ -z "${signalled:-}" ] || break
  sleep 0.05
done
[ -n "${FAKE_STUCK:-}" ] || { mkdir -p run && mv "$(mktemp run/XXXXXX)" run/last.h5; }
exit "${FAKE_EXIT:-0}"
END
done
cat >bin/scontrol <<'END'
#!/bin/sh
echo "$@" >>requeued
exit "${FAKE_SCONTROL:-0}"
END
cat >bin/squeue <<'END'
#!/bin/sh
echo "${FAKE_END:-2030-01-01T00:00:00}"
END
chmod +x bin/*

# run SCRIPT SED_EXPRESSION [NAME=VALUE ...]: edits a copy as its user would, runs it; exit code in
# $code, what was called in the file called.
run() {
  local script=$1 edits=$2
  shift 2
  rm -rf called requeued end-time run
  sed -e "$edits" "$scripts/$script" >edited.sbatch
  code=0
  env -u OMP_NUM_THREADS -u SLURM_CPUS_PER_TASK PATH="$scratch/bin:$PATH" TZ=UTC SLURM_NTASKS=8 \
    SLURM_JOB_ID=1 "$@" bash edited.sbatch >output 2>&1 || code=$?
}

complain() {
  echo "$*"
  failures=$((failures + 1))
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

# The lower half is the same in all of them, so that these tests cover each.
half() { sed -n '/^# ---- to here ----$/,$p' "$1"; }
for script in "$scripts"/*.sbatch; do
  half "$script" | cmp - <(half "$scripts/preemptible.sbatch") || complain "$script: differs"
done

for script in one_node.sbatch multi_node.sbatch preemptible.sbatch array.sbatch; do
  hidden=1024,1024 batch=1024 run=run requeue=yes more=() first=() job=1
  case $script in
    one_node.sbatch) hidden=512,512 batch=256 requeue=no ;;
    multi_node.sbatch) requeue=no ;;
    preemptible.sbatch) more=(--checkpoint-every 10min) ;;
    array.sbatch)
      hidden=512,512 batch=256 run=run-7 first=(--seed 7) job=3_7
      export SLURM_ARRAY_JOB_ID=3 SLURM_ARRAY_TASK_ID=7
      ;;
  esac
  train=(nntrain train --data data.h5:train --validation data.h5:test "${first[@]}"
    --hidden "$hidden" --epochs 20 --batch-size "$batch" --learning-rate 0.1 --momentum 0.9
    "${more[@]}" --output "$run" --resume)

  run "$script" '' SLURM_CPUS_PER_TASK=4
  expect "$script, srun" 0 srun OMP_NUM_THREADS=4 --mpi=pmix --cpu-bind=cores -K1 --export=ALL \
    --cpus-per-task=4 "${train[@]}"

  run "$script" 's/^LAUNCHER=.*/LAUNCHER=mpirun/' SLURM_CPUS_PER_TASK=4
  expect "$script, mpirun" 0 mpirun OMP_NUM_THREADS=4 -np 8 --map-by slot:PE=4 --bind-to core \
    -x OMP_NUM_THREADS "${train[@]}"

  run "$script" '' # without --cpus-per-task
  expect "$script, one thread" 0 srun OMP_NUM_THREADS=1 --mpi=pmix --cpu-bind=cores -K1 \
    --export=ALL --cpus-per-task=1 "${train[@]}"

  run "$script" "s/^RUN=.*/RUN=run/" FAKE_EXIT=75
  expect "$script, stopped" 75
  case "$requeue,$(cat requeued 2>/dev/null || echo none)" in
    "yes,requeue $job" | no,none) ;;
    *) complain "$script: REQUEUE=$requeue, scontrol: $(cat requeued)" ;;
  esac

  for line in --nodes= --ntasks-per-node= --cpus-per-task= --time= --output=%x- \
    --open-mode=append --signal=B:USR1@120; do
    grep -q -e "^#SBATCH $line" "$scripts/$script" || complain "$script: no $line"
  done
  [ "$requeue" = no ] || grep -q '^#SBATCH --requeue$' "$scripts/$script" ||
    complain "$script: no --requeue"
done

unset SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID

script=preemptible.sbatch
# shellcheck disable=SC2016
run "$script" 's|^DATA=.*|DATA="my data.h5:train"|; s|^NNTRAIN=.*|NNTRAIN="/a b/nntrain"|
  /^OPTIONS=/,/)$/c\OPTIONS=(--data "$DATA" --quiet)
  s|^RUN=.*|RUN="my run"|' SLURM_CPUS_PER_TASK=2
expect "edited, spaces" 0 srun OMP_NUM_THREADS=2 --mpi=pmix --cpu-bind=cores -K1 \
  --export=ALL --cpus-per-task=2 "/a b/nntrain" train --data "my data.h5:train" \
  --quiet --output "my run" --resume

# shellcheck disable=SC2016
run "$script" 's/^prepare() .*/prepare() { echo "$not_set"; NNTRAIN=from-module; }/'
expect "prepare, with a name not set" 0
grep -q '^from-module$' called || complain "prepare: what it set is lost"

run "$script" 's/^prepare() .*/prepare() { return 3; }/'
expect "prepare fails" 1
[ ! -e called ] || complain "started though prepare failed"

for launcher in srun mpirun; do
  for result in 0 1 2 137; do
    run "$script" "s/^LAUNCHER=.*/LAUNCHER=$launcher/" FAKE_EXIT="$result"
    expect "$launcher, exit code" "$result"
    case "$result,$(cat requeued 2>/dev/null || echo none)" in
      [02],none | "1,requeue 1" | "137,requeue 1") ;;
      *) complain "exit code $result, scontrol: $(cat requeued)" ;;
    esac
  done
done

run "$script" 's/^LAUNCHER=.*/LAUNCHER=ssh/'
expect "bad launcher" 2
grep -q '^LAUNCHER=ssh: srun or mpirun$' output || complain "$(cat output)"

# No new checkpoint between two starts: the job would be requeued forever.
for result in 1 75 137; do
  run "$script" '' FAKE_EXIT="$result" FAKE_STUCK=yes
  expect "no new checkpoint" 1
  [ ! -e requeued ] || complain "requeued without a new checkpoint"
  grep -q '^not requeued: no new checkpoint' output || complain "$(cat output)"
done

run "$script" '' FAKE_EXIT=75 FAKE_SCONTROL=1
expect "requeue is refused" 75
grep -q '^not requeued; sbatch' output || complain "$(cat output)"

# The end of the job, from squeue where Slurm itself does not say it.
run "$script" ''
[ "$(cat end-time)" = 1893456000 ] || complain "end time $(cat end-time)"
run "$script" '' SLURM_JOB_END_TIME=17
[ "$(cat end-time)" = 17 ] || complain "end time $(cat end-time), not Slurm's own"
run "$script" '' FAKE_END=N/A
[ "$(cat end-time)" = none ] || complain "end time $(cat end-time) from N/A"

# USR1 is forwarded to the launcher and the job is requeued; after TERM it only waits. The script
# says when it has got TERM, so that USR1 comes after it.
got_term="s/^trap 'ended=yes' TERM/trap 'ended=yes; echo >got-term' TERM/"
for signals in USR1 "TERM USR1"; do
  rm -f end-time got-term
  {
    while [ ! -s end-time ]; do sleep 0.05; done
    if [ "$signals" = "TERM USR1" ]; then
      kill -TERM "$(cat script-pid)"
      while [ ! -e got-term ]; do sleep 0.05; done
    fi
    kill -USR1 "$(cat script-pid)"
  } &
  # shellcheck disable=SC2016
  run "$script" '1a\echo $$ >script-pid'"
$got_term" FAKE_WAIT=yes FAKE_EXIT=75
  wait
  expect "signals $signals" 75
  grep -q '^got USR1$' called || complain "$signals: USR1 is not passed on"
  case "$signals,$(cat requeued 2>/dev/null || echo none)" in
    "USR1,requeue 1" | "TERM USR1,none") ;;
    *) complain "$signals, scontrol: $(cat requeued)" ;;
  esac
done

echo "slurm_scripts: $failures failures"
[ "$failures" -eq 0 ]
