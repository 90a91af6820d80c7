# shellcheck shell=bash disable=SC2154 # the variables are set by the job script
# To be sourced by the job scripts that submit.sh writes: loads the toolchain, runs the program as one step, and submits the job
# again when the program stopped in order (exit status 75) and has got on since the job before.
# site, command, input, output, job, program, resubmissions; "$@": further options of aufbau.
. "$(dirname -- "${BASH_SOURCE[0]}")/sites.sh"
set -eo pipefail
. "$root/modules/toolchains/$site.sh"
. "$root/jobscripts/$site/site.sh"
set -u
history=${output%.h5}.jobs # a line for every job that stopped: its number, how far it had got
stopped=75

# How far the work has got: whatever this prints must differ from job to job, or nothing was done. Here, on the first node; as a step where
# an MPI program cannot be run without one.
progress() {
  { "$program" status "$output" --quiet || "${launcher[@]}" --nodes=1 --ntasks=1 "$program" status "$output" --quiet; } |
    tr ' ' '\n' | sed -n 's/^done=//p' | grep .
}

say() { echo "job ${SLURM_JOB_ID}: $1"; }

status=0
"${launcher[@]}" "$program" "$command" "$input" -o "$output" "$@" || status=$?
say "exit status $status"
[ $status -eq $stopped ] || exit $status

now=$(progress) || now=unknown
before=$(tail -n 1 "$history" 2>/dev/null | cut -d ' ' -f 2) || true
echo "$SLURM_JOB_ID $now" >>"$history"
if [ "$now" = "$before" ]; then
  say "no progress since the job before ($now): not submitted again"
elif [ "$(wc -l <"$history")" -gt "$resubmissions" ]; then
  say "submitted $resubmissions times: not submitted again"
elif [ ! -f "$job" ]; then
  say "$job is gone: not submitted again"
else
  say "stopped at $now; submitted again"
  sbatch --dependency="afterany:$SLURM_JOB_ID" "$job" && exit 0
  say "the job could not be submitted; \`sbatch $job\` goes on"
fi
exit $stopped
