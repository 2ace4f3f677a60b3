#!/usr/bin/env bash
# From a table to predictions: converts CSV, trains on two ranks, evaluates, predicts.
#
#   ./first_training.sh
set -euo pipefail
# shellcheck source=scripts/examples/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
enter first_training
rm -rf run # of an earlier start: a run's directory is never overwritten

say "Two tables: 1600 mixtures of fuel and air to learn from, 400 others to test with"
ignition_table 1600 1 >train.csv
ignition_table 400 2 >test.csv
show head -n 4 train.csv

say "Convert: the class is in the column 'ignition'; both tables number the classes in this order"
classes=prompt,late,none
show "$nntrain" convert train.csv --label ignition --class-names "$classes" \
  --output ignition.h5:train --force
show "$nntrain" convert test.csv --label ignition --class-names "$classes" \
  --output ignition.h5:test --force

say "Train: a tenth is set aside to choose the best epoch; standardize, as columns differ in units"
show "${mpirun[@]}" -np 2 "$nntrain" train --data ignition.h5:train --split 0.9 \
  --normalize standardize --hidden 32,32 --optimizer adam --learning-rate 0.01 \
  --epochs 20 --output run

say "Evaluate: mixtures that it has never seen, class by class"
show "$nntrain" eval --checkpoint run --data ignition.h5:test --details

say "Predict: the probability of each class, and the number of the most probable"
show "$nntrain" predict --checkpoint run --data ignition.h5:test --output predictions.csv

say "The first predictions beside their mixtures"
# Columns 1 to 5 are the test table's. The header names the classes in their order: output_prompt,
# the sixth column, is class 0.
paste -d, test.csv predictions.csv | tr -d '"' | awk -F, '
  NR == 1 { for (i = 6; i < NF; i++) name[i - 6] = substr($i, length("output_") + 1) }
  NR == 1 { print " T in K  p in bar   phi   EGR   ignition  predicted  probability" }
  NR > 1 && NR <= 9 { printf "%7s  %8s  %s  %s  %-8s  %-9s  %.4f\n",
    $1, $2, $3, $4, $5, name[$NF], $(6 + $NF) }'
