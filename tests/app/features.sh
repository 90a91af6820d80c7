#!/bin/sh
# Networks whose inputs come out of files of `aufbau describe`: the same as when they are evaluated; files that do not fit.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"
. "$AUFBAU_SOURCE/tests/app/potential.sh"

mkdir inputs && ln -s "$AUFBAU_SOURCE/inputs/tutorial" inputs/tutorial
tutorial=inputs/tutorial/silicon-potential.yaml
silicon=inputs/tutorial/silicon/silicon.extxyz
short='--set model.members=2 --set model.steps=20'
sed '/cutoffs:/d' $tutorial >features.yaml
printf '%s\n' "structures: [$silicon]" 'model: {type: mdn, file: short.h5, scfv: predicted}' >predict.yaml
cat >describe.yaml <<YAML
structures: [$silicon]
descriptor: {twojmax: 4, rcutfac: 3.5 Å, elements: {Si: {radius: 0.5}}, bzero: false}
YAML

# equal FOLDER FOLDER: the same potentials to rounding; the order of neighbours depends on the largest cut-off
equal() {
  test "$(ls "$1")" = "$(ls "$2")" || return 1
  for file in "$1"/*; do same "$file" "$2/${file##*/}" 1e-10 || return 1; done
}

for cutoff in 3.5 5.0 8.0; do
  expect 0 '312 atoms' describe describe.yaml -o at-$cutoff.h5 --set "descriptor.rcutfac=$cutoff Å"
done
three='model.features=[at-3.5.h5, at-5.0.h5, at-8.0.h5]'
# shellcheck disable=SC2086 # options
expect 0 '312 atoms, 60 inputs' train $tutorial $short -o short.h5 --set model.scfv=computed
for ranks in '' 2; do
  rm -rf read
  # shellcheck disable=SC2086 # options
  expect 0 '312 atoms, 60 inputs' train features.yaml $short -o read.h5 --set "$three" --set model.scfv=read
  check "features that are read make the same of models left out" equal computed read
done
ranks=
# shellcheck disable=SC2086 # options
expect 0 '312 atoms, 60 inputs' train features.yaml $short -o read.h5 --set "$three" --set model.leave_one_out=false
expect 0 '28 structures, 312 atoms' predict predict.yaml -o out.h5
for ranks in '' 2; do
  rm -rf predicted-read
  expect 0 '28 structures, 312 atoms' predict predict.yaml -o out.h5 --set model.file=read.h5 --set "$three" --set model.scfv=predicted-read
  check "and of new structures" equal predicted predicted-read
done

# What does not fit
refused() { expect 1 "$1" train features.yaml -o no.h5 --set "model.features=[at-3.5.h5, $2]"; }
refused 'short.h5' short.h5
refused 'none.h5' none.h5
expect 0 'grid points' describe describe.yaml -o grid.h5 --set 'descriptor.grid=[2, 2, 2]'
refused 'grid.h5 is on a grid of 2 x 2 x 2 points' grid.h5
expect 0 'atoms' describe describe.yaml -o dB.h5 --set 'descriptor.quantities=[dB]'
refused 'dB.h5 has no components' dB.h5
awk 'n == 0 { if (++frame > 27) exit; n = $1 + 2 } { n--; print }' $silicon >fewer.extxyz
expect 0 '27 structures' describe describe.yaml -o fewer.h5 --set 'structures=[fewer.extxyz]'
refused 'fewer.h5 has descriptors of 27 structures, and the input has 28' fewer.h5
sed 's/model=c8_a543/model=c8_other/' $silicon >other.extxyz
expect 0 '28 structures' describe describe.yaml -o other.h5 --set 'structures=[other.extxyz]'
refused 'is c8_other, and that of the input is c8_a543' other.h5
awk 'NR == 1 && $1 > 1 { drop = $1 + 2; $1-- } NR != drop' $silicon >atom.extxyz
expect 0 '311 atoms' describe describe.yaml -o atom.h5 --set 'structures=[atom.extxyz]'
refused 'atom.h5 was made of other structures: ' atom.h5
awk 'NR == 3 { $2 += 0.01 } { print }' $silicon >moved.extxyz
expect 0 '312 atoms' describe describe.yaml -o moved.h5 --set 'structures=[moved.extxyz]'
refused 'moved.h5 was made of other structures: atom 1 of' moved.h5
ranks=2
refused 'moved.h5 was made of other structures: atom 1 of' moved.h5
ranks=
expect 1 'give one of the two' check $tutorial --set "$three"

like() { expect 1 "$1" predict predict.yaml -o no.h5 --set model.file=read.h5 --set "model.features=[$2]"; }
like '2 files of features are given, and the network was trained with 3' 'at-3.5.h5, at-5.0.h5'
like 'at-8.0.h5 has the cut-off 8 A, and the network was trained with 5 A' 'at-3.5.h5, at-8.0.h5, at-5.0.h5'
expect 0 '312 atoms' describe describe.yaml -o smaller.h5 --set 'descriptor.twojmax=3'
like 'smaller.h5 has 8 columns, and the network was trained with 14' 'smaller.h5, at-5.0.h5, at-8.0.h5'
expect 0 '312 atoms' describe describe.yaml -o pairs.h5 --set 'descriptor={convention: olcao, pairs: [[6, 6], [7, 6]], cutoff: 3.5 Å, elements: {Si: {}}}'
like 'column 1 of pairs.h5 is the component (6, 6, 12), and the network was trained with (0, 0, 0)' 'pairs.h5, at-5.0.h5, at-8.0.h5'
expect 1 'trained with files of features' predict predict.yaml -o no.h5 --set model.file=read.h5
expect 1 'it takes no features' predict predict.yaml -o no.h5 --set "$three"
check "nothing was written" test ! -e no.h5 -a ! -e no.h5.tmp
echo "1..$n"
