#!/bin/sh
# A campaign's model from the outcomes of another program or campaign, gone on with, and as the start of a campaign.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"
echo 1..13

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
expect 1 'there is no file none.h5' campaign campaign.yaml -o new.h5 --set campaign.pretrained=none.h5
expect 1 'a model is used by "strategy: model" only' campaign campaign.yaml -o new.h5 --set campaign.strategy=random
expect 1 'kept.h5' campaign campaign.yaml -o new.h5 --set campaign.pretrained=kept.h5
expect 1 'there is no file none.h5' train train.yaml -o no.h5 --set data.campaign=none.h5
expect 1 'no runs of atoms' train train.yaml -o no.h5 --set data.campaign=model.h5
expect 1 'campaign is missing' train train.yaml -o no.h5 --set 'data={file: runs.h5, inputs: [/x], targets: [/y]}'
sed 's/set_transformer/mlp/' train.yaml >mlp.yaml
expect 1 'file is missing' train mlp.yaml -o no.h5
