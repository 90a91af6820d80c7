# shellcheck shell=bash disable=SC2034,SC2154 # set here, used by submit.sh and job.sh, and the other way round
# Discoverer: 2 AMD EPYC 7H12, 128 cores, 256 GB a node. Untested. The name of the account is that of the QoS too.
: "${account:=SET-ME}"
accounts=('*')
: "${partition:=SET-ME}"
partitions=(cn)
: "${qos:=$account}"
qualities=()
: "${tasks:=128}" "${time:=24:00:00}"
lines=(--hint=nomultithread)
launcher=(srun --mpi=pmix)
