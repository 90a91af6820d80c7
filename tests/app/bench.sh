#!/bin/sh
# `aufbau bench atom`: every cold set of a table is run, alone and on two ranks, and what is missing is said. `bench train`: one problem.
. "$AUFBAU_SOURCE/tests/app/expect.sh"

cat >sets.csv <<'EOF'
ion,configurations,outcome,core_seconds
Be I,1s2 2s2,converged,0.03
B I,1s2 2s2 2p1,converged,
EOF
expect 1 'there is no benchmark "speed"; there are: atom, cost, large, outcomes, pretraining, bispectrum, train' bench speed
expect 1 '"many" is no size in megabytes' bench io many
expect 0 '| campaign, folded | 1 | 2 |' bench io 1
expect 1 'absent.h5' bench simulate absent.h5
expect 1 'a table of runs is missing: aufbau bench atom TABLE.csv' bench atom
expect 1 'absent.csv' bench atom absent.csv
expect 0 '2 runs, 2 converged, 1 with a time in the table' bench atom sets.csv --csv runs.csv
check 'a row a run' test "$(wc -l <runs.csv)" = 3
check 'columns are told apart' test "$(head -1 runs.csv | tr ',' '\n' | sort | uniq -d | wc -l)" = 0
expect 0 '| angular part | CSFs | pairs | s |' bench atom sets.csv --markdown
expect 1 'aufbau bench cost TABLE.csv' bench cost
expect 1 'too few for the coefficients of the cost model' bench cost sets.csv
ranks=2
expect 0 '2 runs, 2 converged' bench atom sets.csv
expect 0 '| descriptors | 2 | 1 |' bench io 1
expect 1 'writes -o FILE.h5 on one rank only' bench train diagonal-256 -o train.h5
ranks=1
cat >small.yaml <<'EOF'
campaign:
  ions: [Li I, Be I, Be II]
  orbitals: {max_n: 3, max_l: p}
  excitations: {electrons: 1, max_shift: 2}
  set_size: 3
  strategy: breadth
  budget: {runs: 12}
EOF
expect 0 '12 runs of 3 ions' campaign small.yaml -o small.h5
expect 1 'the file of a campaign is missing: aufbau bench outcomes FILE.h5' bench outcomes
expect 1 'absent.h5' bench outcomes absent.h5
expect 0 '| converged, diis |' bench outcomes small.h5 -o small.svg
expect 0 '| 50 | from new weights |' bench pretraining small.h5
check 'a figure is written' grep -q '</svg>' small.svg
expect 1 'there is no problem "mlp"' bench train mlp
expect 0 '| the same, diagonal covariance, batch 256 |' bench train diagonal-256 --markdown -o train.h5
check 'data for other programs are written' test -s train.h5
echo "1..$n"
