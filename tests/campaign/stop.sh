#!/bin/sh
# A campaign ends in order on SIGUSR1, SIGTERM, the stop file and its wall time, with exit status 75, and goes on from
# there; used-up budgets end it with 0, and so does a start with nothing left to do.
set -u
. "$AUFBAU_SOURCE/tests/campaign/check.sh"
file=$folder/stopped.h5

cat >"$folder/stopped.yaml" <<END
campaign:
  ions: [B I, C I, N II, Mg I, Si I]
  orbitals: {max_n: 4, max_l: d}
  excitations: {electrons: 2, max_shift: 4}
  set_size: 3
  strategy: random
  batch: 8
  budget: {runs: 100000}
  seed: 5
END

campaign() {
  ranks=$1
  shift
  $AUFBAU_MPI "$ranks" "$AUFBAU" campaign "$folder/stopped.yaml" -o "$file" "$@" >"$folder/run.log" 2>&1
}

count() {
  "$AUFBAU" export runs "$file" --csv "$folder/runs.csv" --quiet >"$folder/export.log" 2>&1 || echo -1
  echo $(($(wc -l <"$folder/runs.csv") - 1))
}

# Waits until the campaign of this test computes: its journal has grown.
until_it_runs() {
  for _ in $(seq 100); do
    [ -e "$file.journal" ] && [ "$(wc -c <"$file.journal")" -gt 100000 ] && return
    sleep 0.1
  done
}

# The ranks of the campaign in the background: children of mpirun, which is a child of `timeout` ($!).
ranks_of() {
  for stat in /proc/[0-9]*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    set -- "${line%% *}" ${line##*) }
    [ "${3:-}" = "$parent" ] && echo "$1"
  done
}

before=0
for signal in USR1 TERM; do
  campaign 2 &
  job=$!
  until_it_runs
  launcher=
  for level in 1 2 3; do
    parent=${launcher:-$job}
    next=$(ranks_of | head -n 1)
    [ -n "$next" ] || break
    case $(cat "/proc/$next/comm" 2>/dev/null) in aufbau) break ;; esac
    launcher=$next
  done
  parent=$launcher
  for rank in $(ranks_of); do kill -s $signal "$rank"; done
  wait $job
  status=$?
  [ $status -eq 75 ]
  check "SIG$signal ends it with 75 (was $status)" $?
  now=$(count)
  [ "$now" -gt "$before" ]
  check "with what was done stored ($now runs)" $?
  before=$now
done

campaign 1 &
job=$!
until_it_runs
: >"$file.stop"
wait $job
status=$?
[ $status -eq 75 ]
check "the stop file ends it with 75 (was $status)" $?
[ ! -e "$file.stop" ]
check "and is removed" $?
now=$(count)
[ "$now" -gt "$before" ]
check "it had gone on ($now runs)" $?
before=$now

campaign 2 --set 'campaign.budget.wall_time=4 s'
status=$?
[ $status -eq 75 ]
check "the wall time ends it with 75 (was $status)" $?
grep -q 'same command' "$folder/run.log"
check "and says how to go on" $?
now=$(count)
[ "$now" -gt "$before" ]
check "it had gone on ($now runs)" $?

campaign 2 --set "campaign.budget.runs=$((now + 5))"
check "a budget of runs ends it with 0" $?
[ "$(count)" -eq $((now + 5)) ]
check "exactly" $?
campaign 3 --set "campaign.budget.runs=$((now + 5))"
check "a finished campaign ends with 0 again" $?
[ "$(count)" -eq $((now + 5)) ]
check "and runs nothing" $?
grep -q 'used up: done' "$folder/run.log"
check "and says so" $?
campaign 2 --set campaign.seed=6
[ $? -eq 1 ]
check "another input does not touch the file: exit status 1" $?
[ "$(count)" -eq $((now + 5)) ]
check "all is as it was" $?
echo "1..$tests"
[ $failures -eq 0 ] || { cat "$folder/run.log" "$folder/export.log" >&2; exit 1; }
