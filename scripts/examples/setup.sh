# shellcheck shell=bash
# Sourced by the examples: the program, ranks, a folder to work in, and a table to learn from.

examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/environment.sh
. "$examples/../environment.sh"

say() { printf '\n== %s\n' "$*"; }
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# The program: $NNTRAIN, else the one on the path, else that of the build beside this folder.
nntrain=$(command -v "${NNTRAIN:-nntrain}" ||
  echo "${NNTRAIN:-$examples/../../build/src/nntrain}")
nntrain=$(realpath -m "$nntrain")
[ -x "$nntrain" ] ||
  fail "no program at $nntrain; build it (cmake -B build && cmake --build build) or set NNTRAIN"
# Small runs need no cores of their own.
# shellcheck disable=SC2034 # used by those that source this
mpirun=(mpirun --oversubscribe --bind-to none)

# Prints a command, with just the name of the program.
print_command() {
  printf '\n$'
  printf ' %s' "${@/#"$nntrain"/nntrain}"
  printf '\n'
}

# Prints a command and runs it.
show() {
  print_command "$@"
  "$@"
}

# Makes ./nntrain-examples/NAME and goes there.
enter() {
  mkdir -p "nntrain-examples/$1"
  cd "nntrain-examples/$1" || exit 1
  echo "Everything that this example makes lies in $PWD"
}

# ignition_table ROWS SEED: mixtures of fuel and air, and whether each ignites at once, late or not
# in time, by a law like that of Arrhenius with some noise. CSV with a header.
ignition_table() {
  awk -v rows="$1" -v seed="$2" '
    function uniform(from, to) {
      seed = seed * 16807 % 2147483647
      return from + (to - from) * seed / 2147483647
    }
    BEGIN {
      seed *= 123457
      print "temperature_K,pressure_bar,equivalence_ratio,exhaust_gas,ignition"
      for (i = 0; i < rows; i++) {
        t = uniform(900, 1400); p = uniform(1, 40); phi = uniform(0.5, 2); egr = uniform(0, 0.4)
        delay = 4e-6 * exp(16500 / t) / (p * sqrt(phi) * (1 - egr)) * uniform(0.95, 1.05)
        printf "%.1f,%.2f,%.3f,%.3f,", t, p, phi, egr
        print delay < 0.3 ? "prompt" : delay < 3 ? "late" : "none"
      }
    }'
}
