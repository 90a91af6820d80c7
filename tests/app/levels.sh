#!/bin/sh
# Levels with LS labels: what `aufbau atom` prints and stores, `export levels` in its formats, and observed levels beside them.
. "$AUFBAU_SOURCE/tests/app/expect.sh"

cat >c.yaml <<'EOT'
atom: {element: C}
configurations: ["[He] 2s2 2p2"]
EOT
cat >n.yaml <<'EOT'
atom: {element: N, charge: 1}
configurations: ["[He] 2s2 2p2"]
EOT
# NIST Atomic Spectra Database, levels of 2s2 2p2
cat >observed.csv <<'EOT'
Configuration,Term,J,Prefix,Level (cm-1)
2s2.2p2,3P,0,,"=""0.00"""
2s2.2p2,3P,1,,16.4167
2s2.2p2,3P,2,,43.4135
2s2.2p2,1D,2,,10192.657
2s2.2p2,1S,0,,21648.030
2s2.2p.3s,3P*,0,,60333.4476
C II (2P*<1/2>),Limit,---,,90820.348
EOT
printf 'J,energy_cm-1,parity,ion\n0,0,+,C I\n' >one.csv
printf 'J,level\n0,0\n' >wrong.csv

expect 0 '2s2.2p2 3P  100.0%; jj:  66.8% 2p-(2)' atom c.yaml -o c.h5 --json c.json
check 'JSON has the composition' grep -qF '"lsj": [{"label": "2s2.2p2 3P", "weight": 0.999997' c.json
expect 0 'leading,label,label_weight,second_label,second_weight' export levels c.h5
check 'the label is in the table' grep -qF ',2s2.2p2 3P,0.999997,,' out
expect 0 'levels.json: 5 levels' export levels c.h5 --json levels.json --csv levels.csv
check 'JSON has the levels' grep -qF '"index": 1, "energy_hartree": -37.70485611' levels.json
check 'as the table has' test "$(wc -l <levels.csv)" = 6
if command -v python3 >/dev/null; then
  check 'JSON is well-formed' python3 -c 'import json; json.load(open("levels.json")); json.load(open("c.json"))'
fi
expect 0 'kilonova/6_1.txt: 5 levels of run 0' export levels c.h5 --jlodk kilonova
cat >6_1.txt <<'EOT'
# C I
# 6 1
# 5 0
# [He]
# IP = nan
# Energy levels
# num  weight parity      E(eV)      configuration
     1       1 even      0.0000000  2s2_2p2 2s2.2p2_3P
     2       3 even      0.0024077  2s2_2p2 2s2.2p2_3P
     3       5 even      0.0071983  2s2_2p2 2s2.2p2_3P
     4       5 even      1.5634111  2s2_2p2 2s2.2p2_1D
     5       1 even      3.9013120  2s2_2p2 2s2.2p2_1S
# Transitions
# num_u   num_l   wavelength(nm)     g_u*A      log(g_l*f)
EOT
# Energies of GRASP2018, to 1e-5 eV; the second line names the program.
sed '2d;s/\(\.[0-9]\{5\}\)[0-9]\{2\}  2s/\1  2s/' kilonova/6_1.txt >found
sed 's/\(\.[0-9]\{5\}\)[0-9]\{2\}  2s/\1  2s/' 6_1.txt >wanted
check 'the file is as the database has it' cmp found wanted
expect 0 'kilonova/6_1.txt' export levels c.h5 --jlodk kilonova
printf 'mine\n' >kilonova/6_1.txt
expect 1 'exists and is not such a file' export levels c.h5 --jlodk kilonova
expect 1 'observed.csv/x: cannot be made' export levels c.h5 --jlodk observed.csv/x

expect 0 '5 pairs of 6 observed and 5 calculated levels: 5 by label, 0 by term, 0 by order' export levels c.h5 --compare observed.csv
check 'rows that are no levels are counted' grep -qF '1 rows without one J or without an energy are left out' out
check 'largest deviation' grep -qF 'largest +9818.2 cm-1 (2s2.2p2 1S, J = 0)' out
check 'level by level' grep -qE '^    2  \+ +10192\.66 +12609\.76 +\+2417\.10  label  2s2\.2p2 1D; 2s2\.2p2 1D$' out
expect 1 'wrong.csv:1:1: there is no column energy_cm-1' export levels c.h5 --compare wrong.csv
expect 1 'absent.csv' export levels c.h5 --compare absent.csv
expect 1 '--compare is for levels' export runs c.h5 --compare observed.csv
expect 0 'converged' atom n.yaml -o n.h5
expect 1 'no observed level has the ion, J and parity' export levels n.h5 --compare one.csv
ranks=2
expect 0 '5 pairs of 6 observed' export levels c.h5 --compare observed.csv
ranks=
if test -c /dev/full; then
  expect 2 'No space left on device' export levels c.h5 --json /dev/full
fi
echo "1..$n"
