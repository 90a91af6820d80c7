#!/bin/sh
# Models of tables: from a file of `aufbau describe`, and from one of h5py; interrupted and gone on with; predictions; wrong inputs.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"
python=
for p in /usr/bin/python3 python3; do
  test -n "$python" || ! "$p" -c 'import h5py' 2>/dev/null || python=$p
done
test -n "$python" && echo 1..33 || echo 1..19

cat >describe.yaml <<YAML
structures: [$AUFBAU_SOURCE/inputs/tutorial/silicon/silicon.extxyz]
descriptor: {twojmax: 4, rcutfac: 5 Å, elements: {Si: {radius: 0.5}}}
YAML
cat >train.yaml <<'YAML'
data:
  file: [silicon.h5]
  inputs: [/descriptors/B]
  targets: [/descriptors/B, atoms/position]
  validation: 0.2
model: {type: mlp, width: 16, layers: 1, members: 2, steps: 60, batch: 32}
YAML
cat >predict.yaml <<'YAML'
data: {file: silicon.h5}
model: {type: table, file: model.h5}
YAML

expect 0 '312 atoms' describe describe.yaml -o silicon.h5
expect 0 'steps: 60' check train.yaml
expect 0 '0 left out' train train.yaml -o model.h5
check "nothing is left over" test ! -e model.h5.training -a ! -e model.h5.tmp
expect 0 '312 rows, 17 targets' predict predict.yaml -o said.h5
ranks=2
expect 0 '312 rows, 17 targets; ' predict predict.yaml -o said.h5
ranks=
expect 0 '0 steps' train train.yaml -o linear.h5 --set model.type=linear
expect 0 ' 1 steps' train train.yaml -o tuned.h5 --set model.start=model.h5 --set model.steps=1

# Mistakes, where they stand.
expect 1 'silicon.h5 has no dataset /descriptors/C; did you mean "/descriptors/B"?' train train.yaml -o no.h5 --set 'data.inputs=[/descriptors/C]'
sed 's#/descriptors/B, atoms/position#/descriptors/B, atoms/positron#' train.yaml >absent.yaml
expect 1 'absent.yaml:4:29: silicon.h5 has no dataset atoms/positron; did you mean "/atoms/position"?' train absent.yaml -o no.h5
expect 1 'does not hold numbers' train train.yaml -o no.h5 --set 'data.targets=[/files/name]'
expect 1 'rows, other columns have 312' train train.yaml -o no.h5 --set 'data.targets=[/frames/energy]'
expect 1 'there is no file gold.h5' train train.yaml -o no.h5 --set data.file=gold.h5
expect 1 'adamx' train train.yaml -o no.h5 --set model.optimiser=adamx
expect 1 'the model has 14 inputs' train train.yaml -o no.h5 --set model.start=model.h5 --set 'data.inputs=[atoms/position]'
expect 1 'learns from 0 and 1' train train.yaml -o no.h5 --set model.loss=cross_entropy
expect 1 'holds descriptors, and no model' train train.yaml -o no.h5 --set model.start=silicon.h5
expect 1 'not both' train train.yaml -o no.h5 --set 'structures=[a.extxyz]'
expect 1 'the inputs have 3 columns, and the model was trained with 14' predict predict.yaml -o no.h5 --set 'data.inputs=[atoms/position]'
test -n "$python" || exit 0

# As in docs/learning.md.
cat >make.py <<'PY'
import h5py, numpy as np
rng = np.random.default_rng(1)
x = rng.normal(size=(20000, 6))
with h5py.File("table.h5", "w") as f:
    f["x"] = x.astype("f4")
    f["sample/y"] = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]
    f["sample/group"] = np.arange(20000) // 10
    f.create_dataset("bound", data=(x[:, 3] > x[:, 4] ** 2).astype("i1"), chunks=(500,), compression="gzip")
    f["x"][3, 2] = np.nan
PY
cat >compare.py <<'PY'
import h5py, sys
a, b = (h5py.File(name, "r")["predictions/mean"][:] for name in sys.argv[1:3])
most = abs(a - b)[abs(a) >= 0].max()
print(most)
sys.exit(not (most <= float(sys.argv[3]) and (a != a).sum() == (b != b).sum() == 1))
PY
cat >table.yaml <<'YAML'
data: {file: table.h5, inputs: /x, targets: /sample/y, group: /sample/group}
model: {type: mlp, width: 32, members: 2, epochs: 12, batch: 128}
YAML
"$python" make.py || exit 99
same() {
  expect 0 '20000 rows, 1 target' predict predict.yaml -o "$1" --set data.file=table.h5 --set model.file="$2"
}
expect 0 '1 left out' train table.yaml -o whole.h5
check "the model is far better than the linear one" awk '$2 == "linear" { l = $3 } $2 == "model" { m = $3 } END { exit !(m > 0 && m < 0.3 * l) }' out
same whole.out whole.h5

# A signal ends training in order; the same command goes on, and comes to the same.
"$AUFBAU" train table.yaml -o parts.h5 >stop.out 2>&1 &
pid=$!
while kill -0 $pid 2>/dev/null && test ! -e parts.h5.tmp; do sleep 0.01; done
kill -TERM $pid
wait $pid
check "a signal ends it with status 75" test $? -eq 75
check "what is done is kept" test -e parts.h5.training -a ! -e parts.h5
"$AUFBAU" train table.yaml -o parts.h5 --set 'model.wall_time=0.001 s' >stop.out 2>&1
check "so does the wall time" test $? -eq 75
expect 0 '1 left out' train table.yaml -o parts.h5
same parts.out parts.h5
check "the continued one predicts the same" "$python" compare.py whole.out parts.out 0
for ranks in '' 2; do
  expect 0 '1 left out' train table.yaml -o few.h5 --set model.epochs=1
  same few$ranks.out few.h5
done
ranks=
check "two ranks come to the same" "$python" compare.py few.out few2.out 1e-5
