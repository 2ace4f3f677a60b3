#!/usr/bin/env bash
# Generates a Slurm batch script from the command line of a run:
#
#   scripts/make_job.sh --nodes 2 --time 2:00:00 -- train --data data.h5 ... --output run >job.sbatch
#   sbatch job.sbatch
#
# --help lists the options. The lower half of the script is that of slurm/preemptible.sbatch.
set -euo pipefail

usage() {
  cat <<'END'
usage: make_job.sh [options] -- train [options of `nntrain train`]

  --nodes N              nodes (1)
  --ranks-per-node N     ranks per node, for example one per socket or NUMA domain (1)
  --cpus-per-rank N      cores, and threads, per rank (1)
  --time TIME            time limit of the job, as for sbatch (1:00:00)
  --name NAME            name of the job and its log (nntrain)
  --partition NAME, --account NAME
  --sbatch OPTION        any other option of sbatch, `--sbatch --mem=8G`; may be repeated
  --array LIST           a job array, as for sbatch (1-5, 1-100%10); %a in the options of the run
                         is the task number: --seed %a --output run-%a, --config runs/%a.ini
  --launcher NAME        srun, or mpirun where srun cannot launch MPI programs (srun)
  --program PATH         path of nntrain on all nodes (nntrain)
  --prepare COMMANDS     commands to run first, `--prepare "module load openmpi hdf5"`
  --warning SECONDS      time before the end of the job at which Slurm signals the run to stop
                         (120); 0: no signal, the run itself stops half a minute before the end
  --no-requeue           do not requeue a stopped run automatically
  --check                first check the run here with --dry-run
  --file FILE            write the script to FILE (standard output)
END
}

fail() {
  printf 'make_job: %s\n' "$*" >&2
  exit 2
}

nodes=1 ranks=1 cpus=1 time=1:00:00 name=nntrain array='' launcher=srun program=nntrain
prepare=: warning=120 requeue=yes check=no file=''
more=()

number() {
  case "$2" in
    '' | *[!0-9]* | 0*) fail "$1 $2: not a whole number from 1" ;;
  esac
}

take_options() {
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    case "$1" in
      --help) usage && exit 0 ;;
      --no-requeue) requeue=no && shift && continue ;;
      --check) check=yes && shift && continue ;;
    esac
    if [ $# -lt 2 ] || [ "$2" = -- ]; then fail "$1: no such option, or no value; try --help"; fi
    case "$1" in
      --nodes) number "$1" "$2" && nodes=$2 ;;
      --ranks-per-node) number "$1" "$2" && ranks=$2 ;;
      --cpus-per-rank) number "$1" "$2" && cpus=$2 ;;
      --time) time=$2 ;;
      --name) name=$2 ;;
      --partition | --account) more+=("$1=$2") ;;
      --sbatch) more+=("$2") ;;
      --array) array=$2 ;;
      --launcher) launcher=$2 ;;
      --program) program=$2 ;;
      --prepare) prepare=$2 ;;
      --warning) [ "$2" = 0 ] || number "$1" "$2" && warning=$2 ;;
      --file) file=$2 ;;
      *) fail "$1: no such option; try --help" ;;
    esac
    shift 2
  done
  [ "${1:-}" = -- ] || fail "the run is missing: put -- train --data ... after the options"
  shift
  words=("$@")
}

# Splits the command line into $run (--output) and $options, without the verb and --resume.
take_words() {
  [ "${words[0]:-}" = train ] ||
    fail "${words[0]:-nothing} after --: only train can run as a job, as it can be resumed"
  run='' options=()
  set -- "${words[@]:1}"
  while [ $# -gt 0 ]; do
    case "$1" in
      --output)
        [ $# -ge 2 ] || fail "--output: the directory is missing"
        run=$2
        shift
        ;;
      --output=*) run=${1#--output=} ;;
      --resume) ;;
      *) options+=("$1") ;;
    esac
    shift
  done
  [ -n "$run" ] || fail "the run has no --output DIR; a job needs one to resume from"
}

check_values() {
  case "$launcher" in
    srun | mpirun) ;;
    *) fail "--launcher $launcher: srun or mpirun" ;;
  esac
  case "$name" in
    '' | *[[:space:]]*) fail "--name '$name': one word" ;;
  esac
  case "$array" in
    *[!0-9,:%-]*) fail "--array $array: numbers such as 1-5, 1,3,9 or 1-100%10" ;;
  esac
  case "$time" in
    '' | *[!0-9:-]*) fail "--time $time: minutes, hours:minutes:seconds or days-hours" ;;
  esac
  case "$array,$run" in
    ,* | *%a*) ;;
    *) fail "--output $run: each run of an array needs a directory of its own, such as $run-%a" ;;
  esac
}

# Quotes a word for bash; commas need no backslash, and look better without.
bash_word() { printf '%q' "$1" | sed 's/\\,/,/g'; }

# Quotes a word of the run for the batch script, with the array task number for %a.
run_word() {
  local rest=$1
  while [ -n "$array" ] && [ "${rest%%%a*}" != "$rest" ]; do
    [ -z "${rest%%%a*}" ] || bash_word "${rest%%%a*}"
    # shellcheck disable=SC2016
    printf '"$TASK"'
    rest=${rest#*%a}
  done
  if [ -n "$rest" ] || [ -z "$1" ]; then bash_word "$rest"; fi
}

print_options() {
  local word between=''
  printf 'OPTIONS=('
  for word in ${options[@]+"${options[@]}"}; do
    case "$between,$word" in
      ,*) ;;
      *,--*) printf '\n  ' ;;
      *) printf ' ' ;;
    esac
    between=yes
    run_word "$word"
  done
  printf ')\n'
}

print_job() {
  local log=%x-%j.log again=--requeue signal=("--signal=B:USR1@$warning") option
  [ "$warning" -gt 0 ] || signal=()
  [ -z "$array" ] || log=%x-%A_%a.log
  [ "$requeue" = yes ] || again=--no-requeue
  printf '#!/usr/bin/env bash\n# Written by make_job.sh. Submit it again to continue.\n'
  for option in "--job-name=$name" "--nodes=$nodes" "--ntasks-per-node=$ranks" \
    "--cpus-per-task=$cpus" "--time=$time" ${array:+"--array=$array"} "$again" \
    ${signal[@]+"${signal[@]}"} "--output=$log" --open-mode=append ${more[@]+"${more[@]}"}; do
    printf '#SBATCH %s\n' "$option"
  done
  printf '\nLAUNCHER=%s\nSRUN_OPTIONS=(--mpi=pmix --cpu-bind=cores)\n' "$launcher"
  printf 'NNTRAIN=%s\n' "$(bash_word "$program")"
  # shellcheck disable=SC2016
  [ -z "$array" ] || printf 'TASK=$SLURM_ARRAY_TASK_ID\n'
  printf 'RUN=%s\n' "$(run_word "$run")"
  print_options
  printf 'prepare() {\n  %s\n}\nREQUEUE=%s\n' "$prepare" "$requeue"
  sed -n '/^# ---- to here ----$/,$p' "$template"
}

# Checks the run with --dry-run; of an array its first task.
try_here() {
  local first=${array%%[!0-9]*} word tried=()
  for word in --output "$run" ${options[@]+"${options[@]}"}; do
    [ -z "$array" ] || word=${word//%a/$first}
    tried+=("$word")
  done
  "$program" train "${tried[@]}" --resume --dry-run >&2 ||
    fail "nntrain refuses the run; no script was written"
}

take_options "$@"
take_words
check_values
template=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/slurm/preemptible.sbatch
[ -r "$template" ] || fail "$template: not there; keep scripts/ and slurm/ together"
[ "$check" = no ] || try_here
if [ -n "$file" ]; then
  { print_job >"$file"; } 2>/dev/null || fail "--file $file: cannot be written"
  echo "sbatch $file" >&2
else
  print_job
fi
