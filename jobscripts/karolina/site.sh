# shellcheck shell=bash disable=SC2034,SC2154 # set here, used by submit.sh and job.sh, and the other way round
# Karolina: 2 AMD EPYC 7H12, 128 cores, 256 GB a node. Untested. A pre-emptible QoS ends jobs and starts them again: no harm here.
: "${account:=SET-ME}"
accounts=('OPEN-*' 'EU-*')
: "${partition:=SET-ME}"
partitions=(qcpu)
: "${qos:=}"
qualities=()
: "${tasks:=128}" "${time:=24:00:00}"
lines=()
launcher=(srun)
