#!/usr/bin/env bash
# A training run as a Slurm job. Ahead of its time limit the job stops with a checkpoint (exit code
# 75), goes back into the queue by itself, and goes on with --resume.
#
#   ./slurm_job.sh [options of make_job.sh]        such as --partition NAME --nodes 2
#
# Start it from a folder that all nodes see, and again to train on: with more epochs in run.ini.
set -euo pipefail
# shellcheck source=scripts/examples/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
enter slurm_job

if [ ! -e ignition.h5 ]; then
  ignition_table 20000 1 >table.csv
  show "$nntrain" convert table.csv --label ignition --output ignition.h5
fi

# Options of a run can stand in a file; those on the command line win.
[ -e run.ini ] || cat >run.ini <<'END'
data = ignition.h5
split = 0.9
normalize = standardize
hidden = 128,128
learning-rate = 0.02
epochs = 200
checkpoint-every = 1min
END
show cat run.ini

say "A batch script: two ranks a node, stopped two minutes before its time is over"
show "$(dirname "$examples")/make_job.sh" --name ignition --ranks-per-node 2 --time 0:30:00 \
  --program "$nntrain" --check --file job.sbatch "$@" -- train --config run.ini --output run
show sed '/to here/q' job.sbatch

command -v sbatch >/dev/null || fail "no sbatch here; on a cluster: cd $PWD && sbatch job.sbatch"
show sbatch job.sbatch
cat <<END

Where the job is, what the run says, and what it has come to:
  squeue --name ignition
  tail -f $PWD/ignition-*.log
  $nntrain inspect $PWD/run
END
