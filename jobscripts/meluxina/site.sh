# shellcheck shell=bash disable=SC2034,SC2154 # set here, used by submit.sh and job.sh, and the other way round
# MeluXina: 2 AMD EPYC 7H12, 128 cores, 512 GB a node. Untested. Modules are there in a login shell only (bash -l).
: "${account:=SET-ME}"
accounts=('p200[0-9]*')
: "${partition:=SET-ME}"
partitions=(cpu)
: "${qos:=default}"
qualities=(default)
: "${tasks:=128}" "${time:=24:00:00}"
lines=()
launcher=(srun)
