#!/bin/sh
# `aufbau status` beside a campaign that runs, again and again: it never fails, and the campaign comes to the result of one that nobody looked
# at. Then of files that are not there, complete, stopped, killed, and of a training that was stopped.
. "$AUFBAU_SOURCE/tests/app/expect.sh"

cat >campaign.yaml <<'EOF_'
campaign:
  ions: [B I, C I, N II, Mg I, Si I]
  orbitals: {max_n: 6, max_l: d}
  excitations: {electrons: 1, max_shift: 5}
  set_size: 3
  warm_start: false
  strategy: breadth
EOF_

# What does not depend on when a run was made.
results() {
  "$AUFBAU" export runs "$1" --quiet | cut -d, -f1,2,5,6,7,9 | sort
  "$AUFBAU" export levels "$1" --quiet | sort
}

# value KEY: of the line in `out`
value() { tr ' ' '\n' <out | sed -n "s/^$1=//p"; }

expect 1 'there is no file none.h5: nothing has been started with -o none.h5 here' status none.h5
$AUFBAU_MPI 2 "$AUFBAU" campaign campaign.yaml -o alone.h5 --quiet >alone.log 2>&1
check 'a campaign that is left alone' test $? -eq 0

$AUFBAU_MPI 2 "$AUFBAU" campaign campaign.yaml -o watched.h5 --quiet >watched.log 2>&1 &
campaign=$!
failed=0 looks=0 running=0 last=0 back=0
while kill -0 $campaign 2>/dev/null; do
  there=no
  [ ! -e watched.h5 ] || there=yes
  if "$AUFBAU" status watched.h5 --quiet >out 2>err; then
    looks=$((looks + 1))
    [ "$(value state)" = running ] && [ -n "$(value process)" ] && running=$((running + 1))
    runs=$(value done)
    [ "${runs:-0}" -ge $last ] || back=$((back + 1))
    last=${runs:-0}
  elif [ $there = yes ]; then
    failed=$((failed + 1))
    sed 's/^/# /' err
  fi
done
wait $campaign
check 'the campaign that was looked at ends' test $? -eq 0
check "$looks looks, $running of them while it ran: none failed" test $failed -eq 0 -a $running -gt 0
check 'the number of runs never fell' test $back -eq 0
results alone.h5 >alone.csv
results watched.h5 >watched.csv
check "both have the same runs and levels ($(wc -l <alone.csv) rows)" eval 'test $(wc -l <alone.csv) -gt 50 && cmp -s alone.csv watched.csv'

before=$(cksum watched.h5)
expect 0 'not running; the same command goes on, or finds nothing left to do' status watched.h5
expect 0 'state=stopped kind=campaign done=' status watched.h5 --quiet
check 'it is one line' test "$(wc -l <out)" -eq 1
runs=$("$AUFBAU" export runs watched.h5 --quiet | tail -n +2 | wc -l)
check 'as many runs as there are' test "$(value done)" -eq "$runs"
check 'as many converged' test "$(value converged)" -eq "$("$AUFBAU" export runs watched.h5 --quiet | cut -d, -f5 | grep -c '^converged')"
ranks=2
expect 0 'state=stopped' status watched.h5 --quiet
check 'two ranks say it once' test "$(wc -l <out)" -eq 1
ranks=
check 'the file is as it was' test "$(cksum watched.h5)" = "$before"

"$AUFBAU" campaign campaign.yaml --set campaign.budget.runs=4 -o few.h5 --quiet >few.log 2>&1
expect 0 'finished' status few.h5
expect 0 '4 of 4 runs' status few.h5

# Killed as soon as something is stored
"$AUFBAU" campaign campaign.yaml -o killed.h5 --quiet >killed.log 2>&1 &
campaign=$!
for _ in $(seq 600); do
  [ -e killed.h5.journal ] && [ "$(wc -c <killed.h5.journal)" -gt 20000 ] && break
  sleep 0.05
done
kill -9 $campaign
wait $campaign 2>/dev/null
expect 0 'killed, or running on a host whose locks cannot be seen from here' status killed.h5
expect 0 'state=killed kind=campaign done=' status killed.h5 --quiet
check 'what it stored is counted' test "$(value done)" -gt 0
check 'its journal is still there' test -s killed.h5.journal

# Metadata for an archive (tests/report/crate.c looks at them closely)
expect 1 'killed.h5.journal holds results that killed.h5 lacks' report killed.h5 --text --crate
expect 0 'ro-crate-metadata.json' report few.h5 --crate --author 'Jane Doe' --license CC-BY-4.0
check 'with the hash of the file' grep -q "\"sha256\": \"$(sha256sum few.h5 | cut -d ' ' -f 1)\"" ro-crate-metadata.json
check 'and that of the page' grep -q "\"sha256\": \"$(sha256sum few.html | cut -d ' ' -f 1)\"" ro-crate-metadata.json
expect 0 '' report few.h5 --text --crate
check 'it is made again for the same file' grep -q 'not given yet' ro-crate-metadata.json
cp ro-crate-metadata.json kept.json
expect 1 'ro-crate-metadata.json' report watched.h5 --text --crate
check 'but never for another one' cmp -s kept.json ro-crate-metadata.json
expect 1 '--author and --license are for --crate' report few.h5 --author me

echo text >text.h5
expect 1 'text.h5 is not an HDF5 file' status text.h5
expect 1 'one argument too many' status few.h5 killed.h5
ls >files
check 'no file was made' test "$(tr '\n' ' ' <files)" = \
  'alone.csv alone.h5 alone.log campaign.yaml err few.h5 few.html few.log files kept.json killed.h5 killed.h5.journal killed.log out ro-crate-metadata.json text.h5 watched.csv watched.h5 watched.log '
echo "1..$n"
