#!/bin/bash
# submit.sh SITE COMMAND INPUT [OPTION ...] [-- OPTION OF aufbau ...]
#   COMMAND                campaign, train or describe
#   --account, --partition, --qos NAME   where the site wants them
#   --nodes N              default 1
#   --tasks N              ranks on a node; default: its cores
#   --time T               time limit of one job, as Slurm writes it; default: the site's
#   --signal S             seconds before the time limit at which the program is asked to stop; default 300
#   --resubmissions N      how often a job that was stopped in order is submitted again; default 20
#   --output FILE.h5       default: the input's name, in the current folder
#   --program FILE         default: build/aufbau of the checkout (or of AUFBAU_BUILD), else the installed one
#   --dry-run              writes the job script and prints it, and submits nothing
# Writes FILE.job, a job script for this site, and submits it. docs/clusters.md
. "$(dirname -- "$0")/common/sites.sh"
set -euo pipefail

[ $# -ge 3 ] || { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2; exit 1; }
site=$1 command=$2 input=$3
shift 3
check_site "$site"
case $command in
  campaign | train | describe) ;;
  *) fail "\"$command\" is not one of campaign, train, describe" ;;
esac

nodes=1 resubmissions=20 signal=300 dry_run=no
name=$(basename -- "$input")
output=${name%.*}.h5
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  case $1 in
    --dry-run) dry_run=yes; shift; continue ;;
    --account | --partition | --qos | --nodes | --tasks | --time | --signal | --resubmissions | --output | --program) ;;
    *) fail "there is no option \"$1\"" ;;
  esac
  [ $# -ge 2 ] || fail "$1 needs a value"
  declare "${1#--}=$2"
  shift 2
done
[ $# -eq 0 ] || shift

# The site's own account, partition, time and so on stand where no option was given.
. "$root/jobscripts/$site/site.sh"
check_choice account "$account" "${accounts[@]}"
[ ${#partitions[@]} -eq 0 ] || check_choice partition "$partition" "${partitions[@]}"
[ ${#qualities[@]} -eq 0 ] || check_choice qos "$qos" "${qualities[@]}"
case $nodes$tasks$signal$resubmissions in
  *[!0-9]*) fail "--nodes, --tasks, --signal and --resubmissions are whole numbers" ;;
esac
[ -f "$input" ] || fail "no input $input"

if [ -z "${program-}" ]; then
  program=${AUFBAU_BUILD:-$root/build}/aufbau
  [ -x "$program" ] || program=$(command -v aufbau) || fail "no program: jobscripts/build.sh $site makes it, or give --program"
fi
job=${output%.h5}.job
[ ! -d "$(dirname -- "$output")" ] && fail "no folder for $output"

{
  echo '#!/bin/bash -l'
  echo "# Made by submit.sh for $site. \`sbatch $job\` submits it once more; without this file a job that is stopped is the last."
  echo "#SBATCH --job-name=$(basename -- "${output%.h5}")"
  echo "#SBATCH --account=$account"
  [ ${#partitions[@]} -eq 0 ] || echo "#SBATCH --partition=$partition"
  [ -z "$qos" ] || echo "#SBATCH --qos=$qos"
  echo "#SBATCH --nodes=$nodes"
  echo "#SBATCH --ntasks-per-node=$tasks"
  echo "#SBATCH --cpus-per-task=1"
  echo "#SBATCH --time=$time"
  # To the step, not to this script (that would be B:), which waits for the step.
  echo "#SBATCH --signal=USR1@$signal"
  echo "#SBATCH --output=${output%.h5}-%j.log"
  echo "#SBATCH --open-mode=append"
  # After the failure of a node, or where jobs are pre-empted, the same job starts again; the file is continued.
  echo "#SBATCH --requeue"
  [ ${#lines[@]} -eq 0 ] || printf '#SBATCH %s\n' "${lines[@]}"
  printf '%s=%q\n' site "$site" command "$command" input "$input" output "$output" job "$job" \
    program "$program" resubmissions "$resubmissions"
  printf 'set --'
  [ $# -eq 0 ] || printf ' %q' "$@"
  printf '\n. %q\n' "$root/jobscripts/common/job.sh"
} >"$job"

if [ $dry_run = yes ]; then
  cat "$job"
  exit 0
fi
rm -f "${output%.h5}.jobs"
sbatch "$job"
