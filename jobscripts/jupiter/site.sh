# shellcheck shell=bash disable=SC2034,SC2154 # set here, used by submit.sh and job.sh, and the other way round
# JUPITER: 4 NVIDIA Grace, 288 cores (aarch64) a node, whole nodes. Untested; the processors only, the GPUs stay idle.
: "${account:=SET-ME}"
accounts=('*')
: "${partition:=SET-ME}"
partitions=(booster)
: "${qos:=}"
qualities=()
: "${tasks:=288}" "${time:=12:00:00}"
lines=()
launcher=(srun)
