#!/bin/sh
# The job scripts of every site without a cluster: they are correct shell, refuse what is not set or not of the site, and write the lines that
# sbatch wants.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"
jobs=$AUFBAU_SOURCE/jobscripts

# An input that is never read: nothing is submitted here.
: >input.yaml

# refuses TEXT SITE OPTION ...: submit.sh fails, says TEXT, and writes no job script.
refuses() {
  text=$1 site=$2
  shift 2
  ! "$jobs/submit.sh" "$site" campaign input.yaml --program "$AUFBAU" --dry-run "$@" >out 2>&1 && grep -qF -- "$text" out && [ ! -e input.job ]
}

has_line() { grep -qxF -- "$1" out; }

# site NAME ACCOUNT PARTITION QOS RANKS: what a user gives there; - for what the site does not have.
site() {
  options="--account $2"
  [ "$3" = - ] || options="$options --partition $3"
  case $4 in - | =*) ;; *) options="$options --qos $4" ;; esac
  check "$1: there is a toolchain" test -f "$AUFBAU_SOURCE/modules/toolchains/$1.sh"
  check "$1: an account must be given" refuses "$1: the account is not set: give --account" "$1"
  if [ "$3" != - ]; then
    check "$1: so must a partition" refuses "$1: the partition is not set: give --partition" "$1" --account "$2"
  else
    check "$1: so must a QoS" refuses "$1: the qos is not set: give --qos" "$1" --account "$2"
  fi
  # shellcheck disable=SC2086 # options
  "$jobs/submit.sh" "$1" campaign input.yaml --program "$AUFBAU" --dry-run $options --nodes 3 --time 2:00:00 -- --set campaign.seed=4 >out 2>&1
  check "$1: a job script is written" test $? -eq 0
  for line in "--account=$2" --nodes=3 "--ntasks-per-node=$5" --time=2:00:00 --signal=USR1@300 --requeue; do
    check "$1: #SBATCH $line" has_line "#SBATCH $line"
  done
  [ "$3" = - ] || check "$1: the partition" has_line "#SBATCH --partition=$3"
  [ "$4" = - ] || check "$1: the QoS" has_line "#SBATCH --qos=${4#=}"
  check "$1: no job array" eval "! grep -q array out"
  check "$1: options of aufbau" has_line "set -- --set campaign.seed=4"
  check "$1: it is correct shell" bash -n input.job
  rm -f input.job
}

site lumi-c project_465000000 standard - 128
site leonardo-dcgp EUHPC_A01_000 dcgp_usr_prod - 112
site marenostrum5-gpp ehpc123 - gp_ehpc 112
site jupiter exaaufbau booster - 288
site meluxina p200123 cpu =default 128
site karolina EU-26-1 qcpu - 128
site vega s26r01 cpu - 128
site discoverer ehpc-2026r01 cn =ehpc-2026r01 128
site deucalion f202500001a normal-arm - 48
site local any test - 2
check "these are all sites" test "$(ls "$jobs"/*/site.sh | wc -l)" -eq 10

check "an account of another site is refused" refuses 'the account "EUHPC_A01" is not of this site (here: project_' lumi-c --account EUHPC_A01
check "a partition of another site is refused" refuses 'the partition "booster" is not of this site (here: standard small debug' \
  lumi-c --account project_1 --partition booster
check "an unknown site is refused, with all that are known" refuses 'there is no site "lumi"; sites: deucalion discoverer' lumi
check "an unknown option is refused" refuses 'there is no option "--node"' local --node 2
check "a number that is none is refused" refuses "are whole numbers" local --account x --partition test --nodes two
check "an input that is not there is refused" eval \
  '! "$jobs/submit.sh" local campaign none.yaml --account x --partition test --dry-run >out 2>&1 && grep -q "no input none.yaml" out'
check "so is a command that is none for jobs" eval \
  '! "$jobs/submit.sh" local atom input.yaml --account x --partition test --dry-run >out 2>&1 && grep -q "not one of campaign" out'

"$jobs/scaling.sh" local campaign input.yaml "1 2 4" --account x --partition test --program "$AUFBAU" --dry-run >out 2>&1
check "a scaling ladder is a job for every number of nodes" eval 'cat input-1n.job input-2n.job input-4n.job | cmp - out'
check "of which none is submitted again" test "$(grep -cx resubmissions=0 out)" -eq 3

for file in "$jobs"/*.sh "$jobs"/*/*.sh "$AUFBAU_SOURCE"/modules/toolchains/*.sh; do
  check "${file#"$AUFBAU_SOURCE"/} is correct shell" bash -n "$file"
done
if command -v shellcheck >/dev/null; then
  # What is sourced from a path in a variable cannot be followed; its variables seem unset.
  shellcheck -S warning -e SC1090,SC1091,SC2154 "$jobs"/*.sh "$jobs"/*/*.sh "$AUFBAU_SOURCE"/modules/toolchains/*.sh >out 2>&1
  check "shellcheck has nothing to say" test $? -eq 0
  sed 's/^/# /' out
else
  n=$((n + 1))
  echo "ok $n - # SKIP no shellcheck"
fi
echo "1..$n"
