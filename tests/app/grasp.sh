#!/bin/sh
# GRASP2018's files in `aufbau atom`: its lists of CSFs, orbitals and nucleus are taken, ours are written for it; and GRASP as an engine, with a
# real run where its programs are.
. "$AUFBAU_SOURCE/tests/app/expect.sh"
data=$AUFBAU_SOURCE/tests/engine/data/grasp

# value KEY FILE: of the JSON result
value() { sed -n "s/.*\"$1\": \"*\([^\",]*\)\"*,*.*/\1/p" "$2" | head -n 1; }
levels() { grep energy_hartree "$1" | grep two_j; }
# close A B TOLERANCE: relative
close() { awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { exit !((a - b) / b < t && (b - a) / b < t) }'; }

cat >carbon.yaml <<EOF
atom: {element: C, isodata: $data/carbon/isodata}
csf: $data/carbon/rcsf.inp
EOF
cat >plain.yaml <<'EOF'
atom: {element: C}
configurations: ["[He] 2s2 2p2", "1s2 2p4"]
EOF
expect 0 'outcome      converged' atom plain.yaml --json plain.json
expect 0 'CSFs         10 in 3 blocks' atom carbon.yaml --json list.json
check 'the list gives the levels that its configurations give' test "$(levels list.json | cut -c 1-70)" = "$(levels plain.json | cut -c 1-70)"
expect 0 'outcome      converged' atom carbon.yaml --set start=$data/carbon/rwfn.out --json start.json -o start.h5
check 'orbitals of GRASP are a good start' test "$(value iterations start.json)" -lt "$(value iterations list.json)"
expect 0 'outcome      converged' atom carbon.yaml --set start=$data/carbon/rwfn.out --set vary=2p

expect 0 'outcome      converged' atom plain.yaml --grasp written
check 'the files for GRASP are there' test "$(ls written | tr '\n' ' ')" = 'isodata rcsf.inp rmix.out rwfn.inp '
cp written/rwfn.inp before
expect 1 'written/isodata: exists; it is left as it is: name another folder' atom plain.yaml --grasp written
check 'the files are left as they are' cmp -s before written/rwfn.inp
cat >again.yaml <<'EOF'
atom: {element: C, isodata: written/isodata}
csf: written/rcsf.inp
start: written/rwfn.inp
EOF
expect 0 'outcome      converged' atom again.yaml --json again.json
check 'our files are read back' test "$(value iterations again.json)" -le 5
ranks=2
expect 0 'outcome      converged' atom again.yaml --grasp two
ranks=
check 'on two ranks too' test "$(ls two | wc -l)" -eq 4
expect 1 'a/b/c: this folder cannot be made' atom plain.yaml --grasp a/b/c

expect 1 'the CSFs are given by csf: leave configurations out' atom carbon.yaml --set 'configurations=["[He] 2s2 2p2"]'
expect 1 'the CSFs are given by csf: leave J out' atom carbon.yaml --set J.max=1
expect 1 'isodata says what nucleus and mass_number say' atom carbon.yaml --set atom.mass_number=13
expect 1 'is of C (Z = 6)' atom carbon.yaml --set atom.element=N
expect 1 'have 6 electrons, but C with charge 1 has 5' atom carbon.yaml --set atom.charge=1
expect 1 'not a list of CSFs of GRASP2018' atom carbon.yaml --set csf=carbon.yaml
expect 1 'absent: cannot be opened' atom carbon.yaml --set csf=absent
expect 1 'the list has 10 CSFs, more than limits.csf = 9' atom carbon.yaml --set limits.csf=9
head -c 20000 "$data/carbon/rwfn.out" >cut.rwfn
expect 1 'cut.rwfn: the file is cut off' atom carbon.yaml --set start=cut.rwfn
expect 1 'there is no engine "gras"; did you mean "grasp"?' atom plain.yaml --set engine=gras

case :$(command -v rmcdhf): in
  :*/rmcdhf:)
    expect 0 'outcome      converged' atom carbon.yaml --set engine=grasp --json grasp.json -o grasp.h5
    check 'GRASP agrees' close "$(value energy_hartree grasp.json)" "$(value energy_hartree plain.json)" 1e-8
    expect 0 'outcome      converged' atom carbon.yaml --set start=grasp.h5 --json from.json
    check 'orbitals of GRASP are a good start from a file' test "$(value iterations from.json)" -lt "$(value iterations list.json)" ;;
  *)
    n=$((n + 1))
    echo "ok $n # SKIP GRASP2018 is not on PATH"
    expect 1 'https://github.com/compas/grasp' atom plain.yaml --set engine=grasp -o none.h5
    expect 1 'https://github.com/compas/grasp' check plain.yaml --set engine=grasp
    check 'nothing was run' test ! -e none.h5 ;;
esac
echo "1..$n"
