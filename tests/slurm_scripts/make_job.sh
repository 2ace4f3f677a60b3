#!/usr/bin/env bash
# make_job.sh FOLDER_OF_SCRIPTS: what scripts/make_job.sh writes runs the words that it was given,
# and bad words are refused with one line. Real Slurm is not needed.
set -euo pipefail

make_job=$1/make_job.sh
scratch=$PWD/with\ space
rm -rf "$scratch"
mkdir -p "$scratch/bin"
cd "$scratch"
failures=0
cat >bin/srun <<'END'
#!/bin/sh
while [ "$1" != "$PROGRAM" ]; do shift; done
printf '%s\n' "$@" >called
END
chmod +x bin/srun

complain() {
  echo "$*"
  failures=$((failures + 1))
}

# runs NAME LINE ...: the script in the file job calls the program with these words.
runs() {
  local name=$1
  shift
  printf '%s\n' "$@" >wanted
  PROGRAM=$1 PATH="$scratch/bin:$PATH" SLURM_JOB_ID=1 SLURM_ARRAY_JOB_ID=1 SLURM_ARRAY_TASK_ID=42 \
    bash job >output 2>&1 || complain "$name: $(cat output)"
  diff wanted called || complain "$name: other words than wanted (<)"
}

# refused EXPECTED WORD ...: exit code 2, one line that has EXPECTED, nothing written.
refused() {
  local expected=$1 code=0
  shift
  "$make_job" "$@" >output 2>said || code=$?
  if [ "$code" -ne 2 ] || [ -s output ] || ! grep -q -e "^make_job: .*$expected" said; then
    complain "$*: exit code $code, $(cat said)"
  fi
}

# shellcheck disable=SC2016
"$make_job" --nodes 3 --ranks-per-node 2 --cpus-per-rank 8 --time 1-12 --name try --partition long \
  --account a1 --sbatch --mem=8G --launcher srun --warning 60 -- train --data 'my data.h5:train' \
  --hidden 512,512 --resume --output 'my $HOME/run' --config "it's.ini" >job
# shellcheck disable=SC2016
runs "words" nntrain train --data 'my data.h5:train' --hidden 512,512 --config "it's.ini" \
  --output 'my $HOME/run' --resume
for line in --job-name=try --nodes=3 --ntasks-per-node=2 --cpus-per-task=8 --time=1-12 --requeue \
  --signal=B:USR1@60 --output=%x-%j.log --open-mode=append --partition=long --account=a1 --mem=8G; do
  grep -q -x -e "#SBATCH $line" job || complain "no line #SBATCH $line"
done

"$make_job" --array 1-9 --program ./nn --prepare 'X=1; export X' --file job -- train \
  --seed %a --config=runs/%a.ini --data '' --output=run-%a-%a 2>said
runs "array" ./nn train --seed 42 --config=runs/42.ini --data '' --output run-42-42 --resume
grep -q -x 'sbatch job' said || complain "--file: $(cat said)"
grep -q -x '#SBATCH --array=1-9' job || complain "no --array"
grep -q -x '#SBATCH --output=%x-%A_%a.log' job || complain "no log for each run"

"$make_job" --no-requeue --warning 0 -- train --seed %a --output run >job
runs "no array" nntrain train --seed %a --output run --resume
grep -q -x '#SBATCH --no-requeue' job || complain "no --no-requeue"
! grep -q '^#SBATCH --signal' job || complain "--warning 0: a signal"

"$make_job" --program "$NNTRAIN" --help | grep -q -e '--ranks-per-node' || complain "--help"
refused "the run is missing" --nodes 2
refused "the run is missing"
refused "eval after --" -- eval --data a
refused "nothing after --" --
refused "no --output DIR" -- train --data a
refused "directory is missing" -- train --output
refused "nodes 0: not a whole number" --nodes 0 -- train --output run
refused "nodes two: not a whole number" --nodes two -- train --output run
refused "warning -1: not a whole number" --warning -1 -- train --output run
refused "nodes: no such option, or no value" --nodes -- train --output run
refused "knots: no such option" --knots 3 -- train --output run
refused "launcher ssh: srun or mpirun" --launcher ssh -- train --output run
refused "time soon: minutes" --time soon -- train --output run
refused "array some: numbers" --array some -- train --output run-%a
refused "directory of its own, such as run-%a" --array 1-2 -- train --output run
refused "name 'a b': one word" --name 'a b' -- train --output run
refused "file /nowhere/job: cannot be written" --file /nowhere/job -- train --output run

# --check asks the program itself.
"$make_job" --check --program "$NNTRAIN" -- train --data none.h5 --output run >output 2>said &&
  complain "--check: a file that is not there is taken"
if [ -s output ] || ! grep -q 'none.h5' said || ! grep -q 'nntrain refuses the run' said; then
  complain "--check: $(cat said)"
fi
"$PYTHON3" -c '
import h5py, numpy
with h5py.File("data.h5", "w") as f:
    f["x"], f["y"] = numpy.zeros((20, 3), "f4"), numpy.arange(20) % 2'
"$make_job" --array 1-2 --check --program "$NNTRAIN" --file job -- train --data data.h5 --seed %a \
  --output run-%a >output 2>&1 || complain "--check: $(cat output)"
[ ! -e run-1 ] || complain "--check: it left something"

echo "make_job: $failures failures"
[ "$failures" -eq 0 ]
