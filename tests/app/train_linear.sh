#!/bin/sh
# `aufbau train` with model.type linear, as TAP: a potential that made energies, forces and stresses comes back on any number of ranks; what the
# data do not determine is said; inputs that are refused; and FitSNAP's fit of tantalum.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"
. "$AUFBAU_SOURCE/tests/app/potential.sh"
shared=${AUFBAU_SHARED:-$AUFBAU_SOURCE/../shared}/datasets/fitsnap_ta

structures 12 in.extxyz
potential known
cat >predict.yaml <<'YAML'
structures: [in.extxyz]
model: {type: snap, coefficients: known.snapcoeff, parameters: known.snapparam, zbl: {inner: 2.0, outer: 4.5}, xyz: data.extxyz}
YAML
cat >train.yaml <<'YAML'
structures: [data.extxyz]
descriptor:
  twojmax: 4
  rcutfac: 4.2 Å
  elements: {Al: {radius: 0.5}, O: {radius: 0.4, weight: 0.7}}
  bzero: false
model:
  type: linear
  potential: found
  zbl: {inner: 2.0, outer: 4.5}
  groups:
    odd: {energy: 10, force: 1, stress: 1e-6}
    even: {energy: 20, force: 0.5, stress: 1e-6}
YAML

expect 0 '' predict predict.yaml -o data.h5
grep -v '^#' known.snapcoeff >known
for ranks in '' 2 4; do
  expect 0 '| odd | weighted | force |' train train.yaml -o found.h5
  grep -v '^#' found.snapcoeff >found
  check "the potential comes back" same known found 1e-9
done
ranks=
expect 0 'rcutfac: 4.2' check train.yaml
check ".snapparam has the descriptor" grep -qx 'rcutfac 4.2' found.snapparam
expect 0 'mean absolute deviation from the forces' predict predict.yaml -o again.h5 --set structures=data.extxyz \
  --set model.coefficients=found.snapcoeff --set model.parameters=found.snapparam --set model.xyz=again.extxyz
expect 0 '| even | unweighted | energy | 6 |' train train.yaml -o found.h5 --set model.groups.even.energy=0
check "rows of weight 0 are judged, not fitted" sh -c '! grep -q "| even | weighted | energy |" out'

# A structure that turns out to be bad when its rows are made takes no part in the fit.
cp data.extxyz some.extxyz
tail -n +3 data.extxyz | head -n 8 | awk 'NR == 1 { first = $0 } NR == 2 { split(first, a); $2 = a[2]; $3 = a[3]; $4 = a[4] } { print }' >twice
{ head -n 2 data.extxyz; cat twice; } >>some.extxyz
grep -v '^#' found.snapcoeff >found
expect 1 'frame frame-0: ' train train.yaml -o bad.h5 --set structures=some.extxyz
expect 0 '| even | unweighted | energy | 6 |' train train.yaml -o found.h5 --set model.groups.even.energy=0 --set structures=some.extxyz --skip-bad
grep -v '^#' found.snapcoeff >some
check "the others are fitted" same found some 1e-9

# Twelve energies for thirty unknowns
expect 0 'the rows determine' train train.yaml -o found.h5 --set model.groups.odd.force=0 --set model.groups.even.force=0 \
  --set model.groups.odd.stress=0 --set model.groups.even.stress=0
expect 0 'condition number' train train.yaml -o found.h5 --set model.ridge=1e-6 --set descriptor.quadratic=true

awk '/^[0-9]+$/ { count = $0; getline; keep = /odd/; if (keep) print count } keep' data.extxyz >odd.extxyz
expect 1 'the group even has no configuration' train train.yaml -o bad.h5 --set structures=odd.extxyz
expect 1 'no chemical element' train train.yaml -o bad.h5 --set 'descriptor.elements={Alu: {radius: 0.5}, O: {radius: 0.4}}'
expect 1 'outer has to be beyond inner' train train.yaml -o bad.h5 --set 'model.zbl.outer=1 Å'
expect 1 'can only express the convention snap' check train.yaml --set descriptor.convention=olcao
expect 1 'neither energies nor forces nor stresses' train train.yaml -o bad.h5 --set structures=in.extxyz
expect 1 'train needs -o' train train.yaml
check "nothing was written" test ! -e bad.h5

# FitSNAP's example
if test -d "$shared/JSON"; then
  grep -v '^#' "$shared/standard/Ta_pot.snapcoeff" | grep . | sed 's/#.*//; s/^ *//; s/ *$//; s/0\.5 1\.0/0.5 1/' >reference
  for ranks in '' 2 4; do
    expect 0 '| all | unweighted | force | 12672 | 0.0757576 | 0.160973 | 0.985504 |' train "$AUFBAU_SOURCE/inputs/tutorial/tantalum-snap.yaml" \
      --set "structures=[\"$shared/JSON/*/*.json\"]" -o Ta.h5
    grep -v '^#' Ta.snapcoeff | sed 's/ *#.*//' >ta
    check "coefficients of tantalum as FitSNAP has them" same reference ta 1e-11
  done
else
  n=$((n + 1)); echo "ok $n # SKIP no data of FitSNAP's example for tantalum: set AUFBAU_SHARED"
fi
echo "1..$n"
