#!/bin/sh
# Networks for atom-centred potentials: a short training from structures to scfV files.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}"
here=$AUFBAU_SOURCE
. "$here/tests/app/expect.sh"
echo 1..22

mkdir inputs && ln -s "$here/inputs/tutorial" inputs/tutorial
tutorial=inputs/tutorial/silicon-potential.yaml
short='--set model.members=2 --set model.steps=20'

expect 0 'exponents: inputs/tutorial/silicon/alphas.csv' check $tutorial
# shellcheck disable=SC2086 # options
expect 0 'vacancy             5     67     2.170     0.755' train $tutorial $short -o short.h5 --set model.scfv=one
check "each model that was left out has its potential" test "$(ls one | wc -l)" -eq 28
check "a type for each atom, in both spins" test "$(grep -c '^ *16$' one/vac15_md.scfV)" -eq 30
check "nothing is left over" test ! -e short.h5.validation -a ! -e short.h5.tmp
ranks=2
# shellcheck disable=SC2086 # options
expect 0 'all                28    312' train $tutorial $short -o two.h5 --set model.scfv=two
check "two ranks predict the same" cmp -s one/am16_1.scfV two/am16_1.scfV
ranks=

# A signal ends the validation in order; the same command goes on, and comes to the same.
"$AUFBAU" train $tutorial --set model.members=2 --set model.steps=20 -o stop.h5 --set model.scfv=three >stop.out 2>&1 &
pid=$!
while kill -0 $pid 2>/dev/null && test ! -e stop.h5.tmp; do sleep 0.01; done
kill -TERM $pid
wait $pid
check "a signal ends it with status 75" test $? -eq 75
check "what is done is kept" test -e stop.h5.validation -a ! -e stop.h5
# shellcheck disable=SC2086 # options
expect 0 'all                28    312' train $tutorial $short -o stop.h5 --set model.scfv=three
check "the continued one predicts the same" cmp -s one/am16_1.scfV three/am16_1.scfV

cat >predict.yaml <<EOF
structures: [$here/inputs/tutorial/silicon/silicon.extxyz]
model: {type: mdn, file: short.h5, scfv: new}
EOF
expect 0 'int33_X                        33' predict predict.yaml -o new.h5
check "a potential of every structure" test "$(ls new | wc -l)" -eq 28
check "OLCAO's labels" test "$(grep -v '^ ' new/c2_a543.scfV | tr '\n' ' ')" = \
  'NUM_TYPES 2 TOTAL__OR__SPIN_UP SPIN_DN NUM__PLUSUJ__TERMS 0 TOTAL__OR__SPIN_UP SPIN_DN '

expect 1 'no structure is called "c2"' train $tutorial -o no.h5 --set model.reference_model=c2
sed '/targets:/d' $tutorial >untold.yaml
expect 1 'targets is missing' train untold.yaml -o no.h5
sed 's/^am32_1,7,.*//' "$here/inputs/tutorial/silicon/A_all_atoms.csv" >hole.csv
expect 1 'without atom 7 of model am32_1' train $tutorial -o no.h5 --set model.targets=hole.csv

# A bad structure is named, and with --skip-bad left out.
cat >bad.extxyz <<'XYZ'
2
Lattice="0 2.7 2.7 2.7 0 2.7 2.7 2.7 0" Properties=species:S:1:pos:R:3 pbc="T T T" model=good kind=k
Si 0 0 0
Si 1.35 1.35 1.35
1
Lattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3 pbc="T T F" model=slab kind=k
Si 0 0 0
XYZ
expect 1 'bad.extxyz:5: frame slab: atom-centred potentials are learned in cells that are periodic' predict predict.yaml -o no.h5 \
  --set 'structures=[bad.extxyz]' --set model.scfv=some
expect 0 'left out: bad.extxyz:5' predict predict.yaml -o some.h5 --set 'structures=[bad.extxyz]' --set model.scfv=some --skip-bad
check "the good one has its potential" test "$(ls some)" = good.scfV

# Structures of one name do not overwrite each other's potential.
mkdir a b
sed -n 1,4p bad.extxyz | sed 's/ kind=k/ kind=a/' >a/twin.extxyz
sed -n 1,4p bad.extxyz | sed 's/ kind=k/ kind=b/' >b/twin.extxyz
expect 0 'good' predict predict.yaml -o twins.h5 --set 'structures=[a/twin.extxyz, b/twin.extxyz, a/twin.extxyz]' --set model.scfv=twins
check "each has its own" test "$(ls twins | tr '\n' ' ')" = 'a_good_1.scfV a_good_3.scfV b_good.scfV '
