#!/bin/sh
# A campaign's model from the outcomes of another program or campaign, gone on with, and as the start of a campaign.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"
python=
for p in /usr/bin/python3 python3; do
  test -n "$python" || ! "$p" -c 'import h5py' 2>/dev/null || python=$p
done
test -n "$python" && echo 1..27 || echo 1..13

# Sets of two-electron ions that converge when they are small.
awk 'BEGIN {
  print "ion,configurations,parent,added,outcome"
  for (i = 0; i < 3; i++) {
    ion = i == 0 ? "He I" : i == 1 ? "Li II" : "Be III"
    print ion ",1s2,,,converged"
    n = split("1s1 2s1,1s1 2p1,1s1 3s1,1s1 3p1,1s1 3d1,2s2,2p2,2s1 2p1", c, ",")
    for (k = 1; k <= n; k++) {
      print ion ",1s2;" c[k] ",1s2," c[k] "," (k < 7 ? "converged" : "max_iterations")
      for (m = 1; m < k; m++)
        print ion ",1s2;" c[m] ";" c[k] ",1s2;" c[m] "," c[k] "," (k < 6 ? "converged" : "max_iterations")
    }
  }
}' >runs.csv
cat >train.yaml <<'YAML'
data: {campaign: runs.h5}
model: {type: set_transformer, wall_time: 2 s}
YAML
cat >campaign.yaml <<'YAML'
campaign: {ions: [He I], set_size: 2, orbitals: {max_n: 3, max_l: p}, budget: {runs: 8}, pretrained: model.h5}
YAML
expect 0 'outcomes of another program were added' import runs runs.csv -o runs.h5
expect 0 'type: set_transformer' check train.yaml
expect 0 'runs to learn from' train train.yaml -o model.h5 --set data.validation=0
cp model.h5 first.h5
ranks=2
expect 0 'runs to learn from' train train.yaml -o model.h5 --set data.validation=0 --set model.start=first.h5
ranks=
expect 0 '8 runs' campaign campaign.yaml -o he.h5
expect 0 '8 runs to learn from' train train.yaml -o more.h5 --set data.campaign=he.h5 --set data.validation=0 --set model.start=model.h5
cp he.h5 kept.h5

# A signal ends training, or the validation after it, in order; the same command comes to the same, bit for bit on the same ranks.
if test -n "$python"; then
  cat >same.py <<'PY'
import sys, h5py
a, b = (h5py.File(name) for name in sys.argv[1:])
names = "model/parameters", "model/optimiser", "model/counts", "card/score"
sys.exit(any(a[name][()].tobytes() != b[name][()].tobytes() for name in names))
PY
  whole='--set data.validation=0.2 --set model.wall_time=1h'
  for ranks in '' 2; do
    # shellcheck disable=SC2086
    expect 0 'ions left out' train train.yaml -o whole.h5 $whole
    for moment in parts.h5.tmp parts.h5.training; do
      rm -f parts.h5 process.*
      # shellcheck disable=SC2016,SC2086 # each rank notes its process; a command with its arguments
      ${ranks:+$AUFBAU_MPI $ranks} sh -c 'echo $$ >process.$$; exec "$0" "$@"' "$AUFBAU" train train.yaml -o parts.h5 $whole >stop.out 2>&1 &
      job=$!
      while kill -0 $job 2>/dev/null && test ! -e $moment; do sleep 0.01; done
      cat process.* | while read -r process; do kill -USR1 "$process"; done
      wait $job
      check "a signal ends it with status 75 when there is $moment" test $? -eq 75 -a ! -e parts.h5
      # shellcheck disable=SC2086
      expect 0 'ions left out' train train.yaml -o parts.h5 $whole
      check "nothing but the model is left, the same" eval '"$python" same.py whole.h5 parts.h5 && test ! -e parts.h5.training'
    done
  done
  ranks=
fi
expect 1 'there is no file none.h5' campaign campaign.yaml -o new.h5 --set campaign.pretrained=none.h5
expect 1 'a model is used by "strategy: model" only' campaign campaign.yaml -o new.h5 --set campaign.strategy=random
expect 1 'kept.h5' campaign campaign.yaml -o new.h5 --set campaign.pretrained=kept.h5
expect 1 'there is no file none.h5' train train.yaml -o no.h5 --set data.campaign=none.h5
expect 1 'no runs of atoms' train train.yaml -o no.h5 --set data.campaign=model.h5
expect 1 'campaign is missing' train train.yaml -o no.h5 --set 'data={file: runs.h5, inputs: [/x], targets: [/y]}'
sed 's/set_transformer/mlp/' train.yaml >mlp.yaml
expect 1 'file is missing' train mlp.yaml -o no.h5
