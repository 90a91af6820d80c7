#!/bin/sh
# `aufbau atom` and what it writes: results on one and two ranks, JSON, files that are not its own, full disk.
. "$AUFBAU_SOURCE/tests/app/expect.sh"

# energies FILE: what must not depend on the number of ranks
energies() { grep -v cpu_seconds "$1"; }
same_energies() { test "$(energies "$1")" = "$(energies "$2")"; }

cat >be.yaml <<'EOF'
atom: {element: Be}
configurations: ["[He] 2s2", "[He] 2p2"]
EOF
cat >h.yaml <<'EOF'
atom: {element: H}
configurations: [1s1]
EOF
printf 'not HDF5 at all\n' >foreign.h5
cp foreign.h5 foreign.before

expect 0 'outcome      converged' atom be.yaml --json one.json
check 'JSON has the outcome' grep -qF '"outcome": "converged"' one.json
check 'JSON has the blocks' grep -qF '{"two_j": 0, "parity": 1, "n_csf": 3}' one.json
check 'JSON has orbitals' grep -qF '"label": "2p-", "energy_hartree": -' one.json
check 'nothing but the JSON was written' test "$(ls | tr '\n' ' ')" = \
  'be.yaml err foreign.before foreign.h5 h.yaml one.json out '
ranks=2
expect 0 'outcome      converged' atom be.yaml --json two.json -o be.h5
ranks=
check 'the same energies on two ranks' same_energies one.json two.json
expect 0 'outcome      converged' atom be.yaml --set eigensolver=slepc
expect 1 'eigensolver' atom be.yaml --set eigensolver=jacobi
check 'the file is closed in order' test ! -e be.h5.journal
cp be.h5 be.before
expect 0 'nothing was run' atom be.yaml -o be.h5
check 'a finished file is left as it is' cmp -s be.h5 be.before
cat >expand.yaml <<'EOF'
atom: {element: Be}
configurations: ["[He] 2s2"]
expand: {electrons: 2, from: [2s], active_set: [2p]}
EOF
expect 0 'outcome      converged' atom expand.yaml --json expand.json
check 'an expansion keeps the parity' same_energies one.json expand.json
expect 0 '2s1 2p1' atom expand.yaml --set expand.parity=both --json both.json
check 'and has both where that is asked for' grep -qF '"parity": -1' both.json
expect 1 'be.h5 holds the results of another input' atom be.yaml -o be.h5 --set optimise.levels=1
check 'a file of another input is left as it is' cmp -s be.h5 be.before
expect 1 'foreign.h5 is not an HDF5 file' atom be.yaml -o foreign.h5
expect 1 'foreign.h5 is not an HDF5 file' atom be.yaml --set start=foreign.h5
expect 1 '--set:1:7: there is no file absent.h5' atom be.yaml --set start=absent.h5
expect 1 'holds no orbitals of this element' atom h.yaml --set start=be.h5
expect 1 'one.jso/x: cannot be written' atom be.yaml --json one.jso/x
expect 1 'foreign.h5: exists and is not such a file' atom be.yaml --json foreign.h5
check 'a foreign file is left as it is' cmp -s foreign.h5 foreign.before
expect 0 'outcome      converged' atom be.yaml --set start=be.h5 --json start.json
check 'a start from the result takes fewer iterations' test \
  "$(sed -n 's/.*"iterations": \([0-9]*\),/\1/p' start.json)" -lt "$(sed -n 's/.*"iterations": \([0-9]*\),/\1/p' one.json)"
expect 2 'outcome      max_iterations' atom be.yaml --set limits.iterations=2 --json failed.json
check 'what there is of a failed run is written' grep -qF '"outcome": "max_iterations"' failed.json
expect 2 'more than limits.memory = 0.001 GB' atom be.yaml --set 'limits.memory=1 MB' -o none.h5
check 'no file for a calculation that was refused' test ! -e none.h5
expect 1 'no CSF with such a J' atom be.yaml --set J.min=9 -o none.h5
check 'no file for a calculation that was not run' test ! -e none.h5
expect 0 'skin of 0.90 fm' atom h.yaml
if test -c /dev/full; then
  expect 2 'No space left on device' atom h.yaml --json /dev/full
fi
expect 0 '[He] 2s2;[He] 2p2' export runs be.h5
expect 0 'be.csv: 1 runs' export runs be.h5 --csv be.csv
expect 0 'two_j,parity,index' export levels be.h5
expect 1 'be.yaml: exists and is not such a file' export runs be.h5 --csv be.yaml
expect 1 'foreign.h5 is not an HDF5 file' export runs foreign.h5
expect 1 'there is no table "run"; did you mean "runs"?' export run be.h5
expect 0 '1 outcomes of another program were added' import runs be.csv -o imported.h5
expect 0 '0 outcomes of another program were added to imported.h5, 1 were there already' import runs be.csv -o imported.h5
expect 1 'be.yaml:1:1: ' import runs be.yaml -o other.h5
check 'no file for a table that cannot be read' test ! -e other.h5
echo "1..$n"
