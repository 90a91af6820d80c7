#!/bin/sh
# A campaign is killed (SIGKILL, all its processes) at random moments and started again on another number of ranks. What was
# stored stays as it was, nothing is run twice, nothing is missing at the end, and the file opens at every moment.
# AUFBAU, AUFBAU_MPI: set by make check. AUFBAU_KILLS: number of kills (default 4).
set -u
kills=${AUFBAU_KILLS:-4}
runs=70
. "$AUFBAU_SOURCE/tests/campaign/check.sh"
file=$folder/killed.h5

cat >"$folder/killed.yaml" <<END
campaign:
  ions: [B I, C I, N II, Mg I, Mg II, Si I]
  orbitals: {max_n: 4, max_l: d}
  excitations: {electrons: 2, max_shift: 4}
  set_size: 4
  strategy: model
  batch: 16
  budget: {runs: $runs}
  seed: 3
END

# Ends every process of a session that this test began.
kill_session() {
  for stat in /proc/[0-9]*/stat; do
    # pid (name) state parent group session ...; the name may hold blanks.
    { read -r line <"$stat"; } 2>/dev/null || continue
    set -- ${line##*) }
    [ "${4:-}" = "$session" ] && kill -9 "${line%% *}" 2>/dev/null
  done
}

stored() {
  "$AUFBAU" export runs "$file" --csv "$1" --quiet >"$folder/export.log" 2>&1
}

: >"$folder/before.csv"
seed=$$
ranks=2
done_kills=0
while [ "$done_kills" -lt "$kills" ]; do
  setsid $AUFBAU_MPI $ranks "$AUFBAU" campaign "$folder/killed.yaml" -o "$file" --quiet >"$folder/run.log" 2>&1 &
  session=$!
  seed=$(((seed * 1103515245 + 12345) % 2147483648))
  sleep "$((seed / 65536 % 2)).$((seed / 256 % 9 + 1))"
  kill_session
  wait $session 2>/dev/null
  done_kills=$((done_kills + 1))
  ranks=$((ranks % 4 + 1))
  [ -e "$file" ] || continue
  h5dump -H "$file" >"$folder/dump.log" 2>&1
  check "kill $done_kills: h5dump opens the file" $?
  stored "$folder/after.csv"
  check "kill $done_kills: the results can be read" $?
  lines=$(wc -l <"$folder/before.csv")
  head -n "$lines" "$folder/after.csv" | cmp -s - "$folder/before.csv"
  check "kill $done_kills: what was stored is as it was ($(($(wc -l <"$folder/after.csv") - 1)) runs)" $?
  mv "$folder/after.csv" "$folder/before.csv"
done

$AUFBAU_MPI $ranks "$AUFBAU" campaign "$folder/killed.yaml" -o "$file" --quiet >"$folder/run.log" 2>&1
check "it comes to its end on $ranks ranks" $?
stored "$folder/after.csv"
head -n "$(wc -l <"$folder/before.csv")" "$folder/after.csv" | cmp -s - "$folder/before.csv"
check "what was stored is as it was" $?
[ "$(wc -l <"$folder/after.csv")" -eq $((runs + 1)) ]
check "all $runs runs are there" $?
[ -z "$(tail -n +2 "$folder/after.csv" | cut -d, -f1,2 | sort | uniq -d)" ]
check "no set was run twice" $?
h5dump -H "$file" >"$folder/dump.log" 2>&1
check "h5dump opens the file" $?
[ ! -e "$file.journal" ] && [ ! -e "$file.tmp" ]
check "nothing is left beside it" $?
echo "1..$tests"
[ $failures -eq 0 ] || { cat "$folder/run.log" "$folder/export.log" >&2; exit 1; }
