#!/bin/sh
# Kills a program that appends and folds, all its ranks at once, at a dozen random moments, on 1, 2, 3 ranks in turn;
# each time the file must open with h5dump, and every batch that was reported as committed must be there, whole.
program=$(dirname "$AUFBAU")/tests/store/kill.t3
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
file=$work/campaign.h5
rounds=12
AUFBAU_TEST_TIMEOUT=60; export AUFBAU_TEST_TIMEOUT
echo "1..$((rounds + 2))"

# Random moments, from the second and the process number; printed, so that a failure can be understood.
seed=$(( ($(date +%s) * 31 + $$) % 65521 ))
echo "# seed $seed"
random() { seed=$(( (seed * 3021 + 7919) % 65521 )); echo $((seed * $1 / 65521)); }
seconds() { awk "BEGIN { printf \"%.3f\", $1 / 1000 }"; }

all_gone() {
  for pid in $pids; do kill -0 "$pid" 2>/dev/null && return 1; done
  return 0
}

committed=0
dump=$(command -v h5dump)
[ -n "$dump" ] || echo "# no h5dump here: files are opened by this program alone"
round=1
while [ $round -le $rounds ]; do
  ranks=$((round % 3 + 1))
  : > "$work/log"
  $AUFBAU_MPI $ranks "$program" append "$file" >> "$work/log" 2> "$work/errors" &
  launcher=$!
  # From a moment before the first commit of this session, when the last session's journal is folded, to well into it.
  tries=0
  while [ "$(grep -c '^pid' "$work/log")" -lt $ranks ] && [ $tries -lt 400 ]; do sleep 0.05; tries=$((tries + 1)); done
  sleep "$(seconds "$(random 700)")"
  pids=$(sed -n 's/^pid //p' "$work/log")
  # shellcheck disable=SC2086
  kill -9 $pids 2>/dev/null
  wait $launcher 2>/dev/null
  tries=0
  while ! all_gone && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
  last=$(sed -n 's/^committed //p' "$work/log" | tail -n 1)
  committed=${last:-$committed}
  verdict=ok
  if [ -e "$file" ]; then
    [ -z "$dump" ] || "$dump" "$file" > "$work/dump" 2>&1 || { verdict="not ok"; echo "# h5dump: $(tail -n 2 "$work/dump")"; }
    found=$($AUFBAU_MPI $((ranks % 3 + 1)) "$program" verify "$file" 2>> "$work/errors" | sed -n 's/^found //p')
    [ "${found:-0}" -ge "$committed" ] || { verdict="not ok"; sed 's/^/# /' "$work/errors"; }
    left=$(cd "$work" && echo campaign.h5*)
  else
    found=0 left=none
    [ "$committed" -eq 0 ] || verdict="not ok"
  fi
  echo "$verdict $round - killed on $ranks ranks: $committed runs committed, ${found:-no} found, left: $left"
  committed=${found:-0}
  round=$((round + 1))
done

[ "$committed" -gt 0 ] && echo "ok $round - something was stored" || echo "not ok $round - something was stored"
round=$((round + 1))
# With at most one fold's leftovers: nothing accumulates.
n=$(ls "$work" | grep -c '^campaign')
[ "$n" -le 4 ] && echo "ok $round - $n files" || echo "not ok $round - $n files"
