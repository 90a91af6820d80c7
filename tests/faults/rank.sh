#!/bin/sh
# One rank of several is killed at random moments (SIGKILL, as a node that fails does): the job ends, the file is whole, and the same
# command goes on to the same result. As TAP. AUFBAU_KILLS: number of kills (default 4).
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"
AUFBAU_TEST_TIMEOUT=300
export AUFBAU_TEST_TIMEOUT
cat >campaign.yaml <<'EOF'
campaign:
  ions: [C I, N II, O III, Mg I, Si I, Si II]
  orbitals: {max_n: 4, max_l: d}
  excitations: {electrons: 2, max_shift: 3}
  set_size: 2
  strategy: breadth
  batch: 4
EOF
ln -s "$AUFBAU" "$work/program"
ranks_here() { ps -A -o pid= -o args= | awk -v program="$work/program" '$2 == program { print $1 }'; }
runs() { "$AUFBAU" export runs "$1" | tail -n +2 | cut -d, -f1,2,5 | LC_ALL=C sort; }

"$AUFBAU" campaign campaign.yaml -o whole.h5 --quiet >out 2>&1
check 'without a fault it ends' test $? = 0
runs whole.h5 >whole
seed=$$
echo "# seed $seed"
k=0
while test $k -lt "${AUFBAU_KILLS:-4}"; do
  $AUFBAU_MPI 3 "$work/program" campaign campaign.yaml -o file.h5 --quiet >out 2>&1 &
  job=$!
  for _ in $(seq 200); do test "$(ranks_here | wc -l)" = 3 && test -s file.h5 && break; sleep 0.1; done
  seed=$(((seed * 3021 + 7919) % 65521))
  sleep "0.$((seed % 8))"
  # rank 0 in every second one
  victim=$(for pid in $(ranks_here); do tr '\0' '\n' <"/proc/$pid/environ" | sed -n "s/^OMPI_COMM_WORLD_RANK=$((k % 2 * 2))\$/$pid/p"; done 2>/dev/null)
  test -n "$victim" && kill -9 "$victim"
  wait $job
  status=$?
  k=$((k + 1))
  check "kill $k: the job ends (status $status)" test $status != 124
  check "kill $k: no rank is left" test -z "$(ranks_here)"
  test -e file.h5 || continue
  check "kill $k: what was stored can be read ($(runs file.h5 | wc -l) of $(wc -l <whole) runs)" \
    test -z "$(runs file.h5 2>&1 | LC_ALL=C comm -23 - whole)"
done
ranks=2
expect 0 'no further set' campaign campaign.yaml -o file.h5
runs file.h5 >all
check 'the same command comes to the same' cmp all whole
check 'nothing is left beside the file' test ! -e file.h5.journal -a ! -e file.h5.tmp
echo "1..$n"
