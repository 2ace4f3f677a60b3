#!/usr/bin/env bash
# A run that is stopped, goes on elsewhere and ends with the same bits: a signal, exit code 75,
# --resume on another number of ranks, and the digest of a run that nothing happened to.
#
#   ./interrupted_run.sh
set -euo pipefail
# shellcheck source=scripts/examples/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
enter interrupted_run
rm -rf run whole # of an earlier start

ignition_table 20000 1 >table.csv
show "$nntrain" convert table.csv --label ignition --output ignition.h5 --force
settings=(--data ignition.h5 --split 0.9 --normalize standardize --hidden '64,64'
  --batch-size 64 --learning-rate 0.02)

say "A run that would take long, on two ranks; what it says goes into first.log"
command=("${mpirun[@]}" -np 2 "$nntrain" train "${settings[@]}" --epochs 100000 --output run)
print_command "${command[@]}"
"${command[@]}" >first.log 2>&1 &
job=$!
trap 'kill "$job" 2>/dev/null || :' EXIT # when this script is ended before it

until [ -e run/last.h5 ]; do
  kill -0 "$job" 2>/dev/null || fail "the run ended before its first checkpoint:
$(cat first.log)"
  sleep 0.1
done
say "It has a checkpoint. Now it is told to stop, as Slurm does ahead of the end of a job"
show kill -USR1 "$job"
code=0
wait "$job" || code=$?
trap - EXIT
grep 'nntrain: stopped' first.log || :
echo "exit code $code"
[ "$code" -eq 75 ] || fail "not 75, which means: stopped, continue with --resume; see first.log"

# Of a run of your own that is the same command and --resume. Here it has just two epochs left.
epochs=$(($(wc -l <run/metrics.jsonl) + 2))
say "It continues at the very step, now on three ranks, to the end of epoch $epochs"
show "${mpirun[@]}" -np 3 "$nntrain" train "${settings[@]}" --epochs "$epochs" --output run \
  --resume

say "The same run on one rank, to which nothing happens"
show "$nntrain" train "${settings[@]}" --epochs "$epochs" --output whole --quiet

say "All parameters, as a SHA-256"
interrupted=$("$nntrain" inspect run/last.h5 --digest)
uninterrupted=$("$nntrain" inspect whole/last.h5 --digest)
echo "interrupted, 2 and then 3 ranks  $interrupted"
echo "uninterrupted, 1 rank            $uninterrupted"
[ "$interrupted" = "$uninterrupted" ] || fail "the digests differ"
echo "The same bits, and one line in metrics.jsonl for each of the $(wc -l <run/metrics.jsonl) epochs."
