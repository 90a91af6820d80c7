# shellcheck shell=sh disable=SC2154 # work: the test's folder (tests/app/expect.sh)
# To be sourced after tests/app/expect.sh: a Slurm of one node and two cores with daemons, ports, key and state of its own. Nothing of the
# machine's own Slurm is touched. Works for root, and for others, whose jobs then run as themselves.

# Says on standard output why there is no Slurm here, and nothing where there is one.
why_no_cluster() {
  for tool in munged slurmctld slurmd sbatch srun scancel; do
    PATH=$PATH:/usr/sbin command -v $tool >/dev/null || { echo "no $tool: jobscripts/local/install.sh tests"; return; }
  done
}

start_cluster() {
  PATH=$PATH:/usr/sbin
  SLURM_CONF=$work/slurm.conf
  export PATH SLURM_CONF
  host=$(hostname -s)
  port=$((20000 + $$ % 20000))
  mkdir "$work/state" "$work/spool"
  umask 022
  (umask 077 && head -c 128 /dev/urandom >"$work/munge.key")
  cat >"$SLURM_CONF" <<END
ClusterName=aufbau
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
TmpFS=$work
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
KillWait=10
SchedulerParameters=sched_interval=1,bf_interval=1
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=2
PartitionName=test Nodes=$host MaxTime=INFINITE State=UP
END
  trap 'stop_cluster; rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  munged --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munged.pid" \
    --log-file="$work/munged.log" --seed-file="$work/munged.seed" >"$work/start.log" 2>&1 || return 1
  { slurmctld && slurmd; } >>"$work/start.log" 2>&1 || return 1
  for _ in $(seq 100); do
    sinfo -h -o %t 2>/dev/null | grep -q idle && break
    sleep 0.2
  done
  # Open MPI of Debian needs it.
  srun --mpi=list 2>&1 | grep pmix >>"$work/start.log"
}

stop_cluster() {
  scancel --user="$(id -un)" >/dev/null 2>&1 && wait_for_jobs 60
  for daemon in slurmd slurmctld munged; do
    [ ! -s "$work/$daemon.pid" ] || kill "$(cat "$work/$daemon.pid")" 2>/dev/null
  done
  for _ in $(seq 50); do
    [ -e "$work/slurmctld.pid" ] || [ -e "$work/slurmd.pid" ] || break
    sleep 0.1
  done
}

# wait_for_jobs SECONDS: until no job is left.
wait_for_jobs() {
  for _ in $(seq $((2 * $1))); do
    [ -n "$(squeue -h 2>/dev/null)" ] || return 0
    sleep 0.5
  done
  return 1
}

# What is the same however often a campaign was interrupted: sets, outcomes, iterations, energies, levels and their labels; not times, nor
# the order.
results() {
  "$AUFBAU" export runs "$1" --quiet | cut -d, -f1,2,5,6,7,9 | sort
  "$AUFBAU" export levels "$1" --quiet | sort
}
