#!/bin/sh
# `aufbau predict` with an interatomic potential, as TAP: the same forces on any number of ranks and however structures are divided, files
# that read back, what LAMMPS gives, and inputs that are refused. AUFBAU, AUFBAU_SOURCE and AUFBAU_MPI are set by `make check`.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"
. "$AUFBAU_SOURCE/tests/app/potential.sh"
shared=${AUFBAU_SHARED:-$AUFBAU_SOURCE/../shared}/reference/snap

structures 6 in.extxyz
potential known
cat >in.yaml <<'YAML'
structures: [in.extxyz]
model: {type: snap, coefficients: known.snapcoeff, parameters: known.snapparam, zbl: {inner: 2.0, outer: 4.5}, xyz: out.extxyz}
YAML

expect 0 'frame-5' predict in.yaml -o one.h5
expect 0 '198 forces' export forces one.h5 --csv one.csv
check "a row for every atom" test "$(wc -l <one.csv)" = 199
for ranks in 2 4; do
  expect 0 'frame-5' predict in.yaml -o many.h5 --set divide_above=20
  ranks=
  expect 0 '' export forces many.h5 --csv many.csv
  check "the same forces, divided" same one.csv many.csv 1e-11
done
cp out.extxyz again.extxyz
expect 0 'forces of the files: ' predict in.yaml -o two.h5 --set structures=again.extxyz --set model.xyz=third.extxyz
check "as it was predicted" awk '/mean absolute/ { n++; if ($(NF - 1) > ($NF == "bar" ? 1e-5 : 1e-11)) bad = 1 } END { exit bad || n != 3 }' out
expect 0 '' export forces two.h5 --csv two.csv
check "what is written as extended XYZ reads back" same one.csv two.csv 1e-11

# Refused before anything is computed
expect 1 'absent.snapcoeff cannot be opened' predict in.yaml -o bad.h5 --set model.coefficients=absent.snapcoeff
printf 'structures: [in.extxyz]\nmodel: {type: snap, parameters: known.snapparam}\n' >lacks.yaml
expect 1 'coefficients are missing' predict lacks.yaml -o bad.h5
expect 1 'coefficients are missing' check lacks.yaml
expect 1 'outer has to be beyond inner' predict in.yaml -o bad.h5 --set 'model.zbl.outer=1 Å'
expect 1 'predict needs -o' predict in.yaml
sed 's/^Al/Fe/' in.extxyz >iron.extxyz
expect 1 'is of the element "Fe"' predict in.yaml -o bad.h5 --set structures=iron.extxyz
sed 's/^14 .*//; 5s/^.*$/1 2 nonsense/' known.snapcoeff >broken.snapcoeff
expect 1 'broken.snapcoeff:5:' predict in.yaml -o bad.h5 --set model.coefficients=broken.snapcoeff
check "nothing was written" test ! -e bad.h5
sed '12s/ [0-9.]* / nan /' in.extxyz >hole.extxyz
expect 1 'hole.extxyz:' predict in.yaml -o bad.h5 --set structures=hole.extxyz
expect 0 'left out: hole.extxyz:' predict in.yaml -o skipped.h5 --set structures=hole.extxyz --skip-bad
cp in.yaml other.h5
expect 1 'other.h5' predict in.yaml -o other.h5
check "a file of something else is not touched" cmp -s in.yaml other.h5

# LAMMPS
if test -d "$shared/outputs"; then
  name=ta_bcc_disp
  cat >ta.yaml <<YAML
structures: ["$shared/structures/$name.extxyz"]
model:
  type: snap
  coefficients: "$shared/potentials/Ta06A.snapcoeff"
  parameters: "$shared/potentials/Ta06A.snapparam"
  zbl: {inner: 4.0, outer: 4.8}
YAML
  expect 0 "$name" predict ta.yaml -o ta.h5
  expect 0 '' export forces ta.h5 --csv ta.csv
  awk -F'[][, ]+' '/^  \[/ { printf "1,%d,Ta,%s,%s,%s,%s\n", $2, $10, $7, $8, $9 }' "$shared/outputs/EFS_${name}_Ta06A_snap_zbl.json" |
    sort -t, -k2n | { echo 'frame,atom,element,energy,fx,fy,fz'; cat; } >lammps.csv
  check "the forces and energies of LAMMPS" same lammps.csv ta.csv 1e-11
else
  n=$((n + 1)); echo "ok $n # SKIP no reference values of LAMMPS: set AUFBAU_SHARED"
fi
echo "1..$n"
