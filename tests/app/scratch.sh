#!/bin/sh
# Scratch of an external engine, whose programs are scripts here that hang: SIGTERM ends a calculation and a campaign in order, with nothing left
# in scratch and no program left behind; a folder that will not do is told before anything is run.
. "$AUFBAU_SOURCE/tests/app/expect.sh"
data=$AUFBAU_SOURCE/tests/engine/data/grasp

mkdir bin scratch
program() { printf '#!/bin/sh\n%s\n' "$2" >"bin/$1" && chmod +x "bin/$1"; }
program rnucleus "cp $data/carbon/isodata ."
program rcsfgenerate "cp $data/carbon/rcsf.inp rcsf.out"
program rangular ': >mcp.30'
program rwfnestimate "cp $data/limit/rwfn.out rwfn.inp"
program rmcdhf "echo \$\$ >>$work/started; exec sleep 600"
PATH=$work/bin:$PATH
AUFBAU_SCRATCH=$work/scratch
export PATH AUFBAU_SCRATCH

cat >carbon.yaml <<'EOF_'
atom: {element: C}
configurations: ["[He] 2s2 2p2", "1s2 2p4"]
engine: grasp
EOF_
cat >campaign.yaml <<'EOF_'
campaign:
  ions: [C I]
  orbitals: {max_n: 3, max_l: p}
  set_size: 2
  engine: grasp
EOF_

until_started() {
  for _ in $(seq 600); do
    [ -s started ] && return
    sleep 0.05
  done
}

# Whether no program that was started lives.
none_left() {
  while read -r pid; do
    kill -0 "$pid" 2>/dev/null && return 1
  done <started
  return 0
}

is_empty() { [ -z "$(ls -A "$1")" ]; }

"$AUFBAU" atom carbon.yaml >out 2>&1 &
pid=$!
until_started
check 'it works in scratch, in one folder for the node' test "$(ls scratch | wc -l)" -eq 1 -a -d scratch/*/aufbau-grasp-*
check 'it says where' grep -q "other programs work in $work/scratch/aufbau-scratch-" out
kill -TERM $pid
wait $pid
check 'SIGTERM: the calculation has failed' test $? -eq 2
check 'SIGTERM: it says that it was stopped' grep -q stopped out
check 'SIGTERM: nothing is left in scratch' is_empty scratch
check 'SIGTERM: no program is left behind' none_left

rm -f started
cp bin/rcsfgenerate kept
program rcsfgenerate "echo \$\$ >>$work/started; exec sleep 600"
"$AUFBAU" campaign campaign.yaml -o campaign.h5 >out 2>&1 &
pid=$!
until_started
kill -TERM $pid
wait $pid
check 'SIGTERM: a campaign stops in order' test $? -eq 75
check 'SIGTERM: nothing is left in scratch by a campaign' is_empty scratch
check 'SIGTERM: no program of a campaign is left behind' none_left

cp kept bin/rcsfgenerate
# What a killed one leaves is removed by the next, once it is a minute old
rm -f started
"$AUFBAU" atom carbon.yaml >out 2>&1 &
pid=$!
until_started
kill -KILL $pid
wait $pid 2>/dev/null
left=$(ls scratch)
check 'SIGKILL leaves its folder' test -n "$left"
while read -r program; do kill -KILL "$program"; done <started
touch -d '2 minutes ago' "scratch/$left"
program rmcdhf 'exit 1'
expect 2 'engine_failed' atom carbon.yaml
check 'the next start removes it' is_empty scratch

AUFBAU_SCRATCH=$work/absent
expect 1 'AUFBAU_SCRATCH: '"$work/absent is no folder" atom carbon.yaml -o none.h5
check 'no file was made' test ! -e none.h5
echo "1..$n"
