# shellcheck shell=bash disable=SC2034,SC2154 # set here, used by submit.sh and job.sh, and the other way round
# Vega: 2 AMD EPYC 7H12, 128 cores, 256 GB a node, a local NVMe each. Untested.
: "${account:=SET-ME}"
accounts=('*')
: "${partition:=SET-ME}"
partitions=(cpu)
: "${qos:=}"
qualities=()
: "${tasks:=128}" "${time:=24:00:00}"
lines=(--mem=0 --hint=nomultithread)
launcher=(srun --mpi=pmix)
