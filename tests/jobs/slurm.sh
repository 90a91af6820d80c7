#!/bin/sh
# Job scripts under a real Slurm on this machine: a campaign that is asked to stop ends in order, is submitted again and comes to the result
# of one that was left alone; a job that gets nowhere, and one submitted often enough, is not submitted again.
# AUFBAU_TIME_LIMIT=yes: no signal is sent, the time limit of a minute does (tests/jobs/time_limit.sh).
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"
. "$AUFBAU_SOURCE/tests/jobs/cluster.sh"

reason=$(why_no_cluster)
if [ -n "$reason" ]; then
  echo "1..0 # SKIP $reason"
  exit 0
fi
if ! start_cluster; then
  sed 's/^/# /' "$work/start.log" "$work/slurmctld.log" "$work/slurmd.log" 2>/dev/null | tail -n 30
  echo "1..0 # SKIP munge and Slurm cannot be started here"
  exit 0
fi

# A campaign that is left alone. The order of runs must not matter: no run starts from another, and all that can be run is run. Under the
# time limit it must last longer than the first job, which gets its signal after 25 to 55 s, whatever this machine is.
limit=${AUFBAU_TIME_LIMIT-no}
if [ "$limit" = yes ]; then shifts='8 10 12 14' set_size=4 least=90; else shifts=6 set_size=3 least=0; fi
for max_shift in $shifts; do
  cat >campaign.yaml <<YAML
campaign:
  ions: [B I, C I, N II, Mg I, Si I]
  orbitals: {max_n: 6, max_l: d}
  excitations: {electrons: 1, max_shift: $max_shift}
  set_size: $set_size
  warm_start: false
  strategy: breadth
YAML
  rm -f alone.h5
  begin=$(date +%s)
  $AUFBAU_MPI 2 "$AUFBAU" campaign campaign.yaml -o alone.h5 --quiet >alone.log 2>&1
  status=$?
  [ $status -eq 0 ] && [ $(($(date +%s) - begin)) -lt $least ] || break
done
check "a campaign that is left alone ends" test $status -eq 0

# submit NAME [OPTION ...]: a job on the test's Slurm, by the scripts of the site `local`
submit() {
  name=$1
  shift
  "$AUFBAU_SOURCE/jobscripts/submit.sh" local campaign campaign.yaml --account none --partition test --program "$AUFBAU" \
    --output "$name.h5" "$@" >"$name.submitted" 2>&1
  job=$(sed -n 's/^Submitted batch job //p' "$name.submitted")
}

# Waits until job $1 computes: the journal of its campaign has grown.
until_it_runs() {
  for _ in $(seq 1200); do
    [ -e "$1.h5.journal" ] && [ "$(wc -c <"$1.h5.journal")" -gt 20000 ] && return
    sleep 0.1
  done
}

says() { grep -qF -- "$2" "$1"; }

if [ "$limit" = yes ]; then
  submit stopped --time 1 --signal 5 --resubmissions 100
  seconds=3600
else
  submit stopped --time 30
  until_it_runs stopped
  scancel --signal=USR1 "$job"
  seconds=600
fi
first=stopped-$job.log
check "the jobs come to an end" wait_for_jobs $seconds
check "the first job stopped in order" says "$first" "exit status 75"
check "and was submitted again" says "$first" "submitted again"
last=$(ls -t stopped-*.log | head -n 1)
check "a later job came to the end" says "$last" "exit status 0"
check "where nothing was left to run" says "$last" "no further set to run"
results alone.h5 >alone.csv
results stopped.h5 >stopped.csv
check "both have the same runs and levels ($(wc -l <alone.csv) rows; $(ls stopped-*.log | wc -l) jobs)" \
  eval 'test "$(wc -l <alone.csv)" -gt 500 && cmp alone.csv stopped.csv'

if [ "$limit" = no ]; then
  # A program that counts what is stored but never adds to it
  cp alone.h5 idle.h5
  cat >idle <<SH
#!/bin/sh
case \$1 in campaign) exit 75 ;; esac
exec "$AUFBAU" "\$@"
SH
  chmod +x idle
  submit idle --program ./idle
  wait_for_jobs 300
  check "a job that gets nowhere is submitted again once" test "$(ls idle-*.log | wc -l)" -eq 2
  check "and then no more" says "$(ls -t idle-*.log | head -n 1)" "no progress since the job before"
  submit once --program ./idle --resubmissions 0 --output idle.h5
  wait_for_jobs 300
  check "the number of resubmissions is limited" says "idle-$job.log" "submitted 0 times: not submitted again"
fi
echo "1..$n"
