#!/bin/sh
# Memory over time: a campaign that computes, trains, ranks, commits and folds runs for AUFBAU_SOAK_SECONDS (default 3600) on two ranks, and the
# resident memory of each is read every second. Prints a table: slopes with their errors, from the means of ten stretches; the first fifth and the last, in which models are validated, are left
# out. As TAP. AUFBAU_TABLE: the table goes between the marks of this file.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"
seconds=${AUFBAU_SOAK_SECONDS:-3600}
AUFBAU_TEST_TIMEOUT=$((seconds + 600))
export AUFBAU_TEST_TIMEOUT
ln -s "$AUFBAU" "$work/program"

cat >campaign.yaml <<EOF
campaign:
  ions: ["Li-Ar I-III"]
  orbitals: {max_n: 5, max_l: d}
  excitations: {electrons: 2, max_shift: 5}
  set_size: 4
  batch: 16
  warm_memory: 8 MB
  budget: {wall_time: $seconds s}
EOF
ranks_here() { ps -A -o pid= -o args= | awk -v program="$work/program" '$2 == program { print $1 }'; }
# watch FILE: seconds, rank (0, 1 by process number), resident KiB, until the program has ended
watch() {
  begin=$(date +%s)
  while kill -0 $job 2>/dev/null; do
    r=0
    for pid in $(ranks_here); do
      rss=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
      test -n "$rss" && echo "$(($(date +%s) - begin)) $r $rss" >>"$1"
      r=$((r + 1))
    done
    sleep 1
  done
}
# slopes FILE RUNS: rows of the table. Exit status 1 when rank 1, which keeps nothing of earlier runs, grows by more than 5 % and three
# errors, or rank 0, which keeps a row of each, by more than 16 KiB a run.
slopes() {
  awk -v runs="$2" '
    { n++; t[n] = $1; rank[n] = $2; kib[n] = $3; if ($1 > last) last = $1 }
    END {
      begin = 0.2 * last; end = 0.8 * last
      for (r = 0; r < 2; r++) {
        for (b = 0; b < 10; b++) { many[b] = x[b] = y[b] = 0 }
        for (i = 1; i <= n; i++) if (rank[i] == r && t[i] >= begin && t[i] < end) {
          b = int(10 * (t[i] - begin) / (end - begin)); many[b]++; x[b] += t[i] / 3600; y[b] += kib[i] / 1024
        }
        k = sx = sy = sxx = sxy = rest = 0
        for (b = 0; b < 10; b++) if (many[b]) { k++; x[b] /= many[b]; y[b] /= many[b]; sx += x[b]; sy += y[b] }
        if (k < 5) { bad = 1; continue }
        for (b = 0; b < 10; b++) if (many[b]) { sxx += (x[b] - sx / k) ^ 2; sxy += (x[b] - sx / k) * (y[b] - sy / k) }
        slope = sxy / sxx
        for (b = 0; b < 10; b++) if (many[b]) rest += (y[b] - sy / k - slope * (x[b] - sx / k)) ^ 2
        error = sqrt(rest / (k - 2) / sxx); growth = slope * (end - begin) / 3600
        printf "| %d | %.0f | %d | %.1f | %+.1f ± %.1f | %+.2f |\n", r, last, runs, sy / k, slope, error, 1024 * growth / (0.6 * runs)
        bad += r == 0 ? 1024 * growth > 16 * 0.6 * runs : growth > 0.05 * sy / k && slope > 3 * error
      }
      exit bad > 0
    }' "$1"
}

$AUFBAU_MPI 2 "$work/program" campaign campaign.yaml -o out.h5 --quiet >out 2>err &
job=$!
watch campaign.memory
wait $job
status=$?
check "the campaign ends with its wall time (status $status)" test $status = 75
runs=$(("$("$AUFBAU" export runs out.h5 | wc -l)" - 1))
echo '| rank | s | runs | MiB | MiB an hour | KiB a run |' >table
echo '|---|---|---|---|---|---|' >>table
slopes campaign.memory "$runs" >>table
check 'memory does not grow' test $? = 0
sed 's/^/# /' table
if test -n "${AUFBAU_TABLE:-}"; then
  { echo "Written by \`tests/faults/soak.sh\` on $(date -u +%Y-%m-%d), $seconds s in all."; echo; cat table; } >rows
  sed -e '/^<!-- soak -->$/,/^<!-- end of soak -->$/{//!d' -e '}' "$AUFBAU_TABLE" | sed -e '/^<!-- soak -->$/r rows' >new && cat new >"$AUFBAU_TABLE"
fi
echo "1..$n"
